import { mkdir, mkdtemp, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeLibraryLinks } from '../../libs/backfill/src/testing/database/embedded.links.ts';

describe('the links to the libraries of an embedded server whose install script has not run', () => {
  let folder: string;
  const lib = (file: string) => join(folder, 'native', 'lib', file);

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'embedded-links-'));
    await mkdir(join(folder, 'native', 'lib', 'more'), { recursive: true });
    await writeFile(lib('libpq.so.5.18'), 'the library');
    await writeFile(
      join(folder, 'native', 'pg-symlinks.json'),
      JSON.stringify([
        { source: 'native/lib/libpq.so.5.18', target: 'native/lib/libpq.so.5' },
        { source: 'native/lib/libpq.so.5.18', target: 'native/lib/more/libpq.so' },
      ]),
    );
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('are made, by several processes at once too, and stay right if the folder moves', async () => {
    await Promise.all([makeLibraryLinks(folder), makeLibraryLinks(folder)]);
    expect(await readlink(lib('libpq.so.5'))).toBe('libpq.so.5.18');
    expect(await readFile(lib('libpq.so.5'), 'utf8')).toBe('the library');
    expect(await readFile(lib('more/libpq.so'), 'utf8')).toBe('the library');
  });

  it('are left as they are if they exist, and are none in a package without a list', async () => {
    await writeFile(lib('own'), 'another one');
    await symlink('own', lib('libpq.so.5'));
    await makeLibraryLinks(folder);
    expect(await readlink(lib('libpq.so.5'))).toBe('own');
    await rm(join(folder, 'native', 'pg-symlinks.json'));
    await expect(makeLibraryLinks(folder)).resolves.toBeUndefined();
  });
});
