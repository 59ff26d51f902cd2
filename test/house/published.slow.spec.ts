import { join } from 'node:path';
import { INSTALL_LIMIT_MS, LIBRARIES, PackedLibraries, run } from '../support/packages/packed.ts';

const PROJECT = join(import.meta.dirname, '../..');

/** A command of the workspace. Its exit code is not 0 if it has found a problem. */
const check = (command: string, ...args: string[]) =>
  run(process.execPath, [join(PROJECT, 'node_modules', command), ...args]).catch(
    (error: { stdout: string; stderr: string }) => {
      throw new Error(error.stdout + error.stderr);
    },
  );

describe('a package as it is published', () => {
  let libraries: PackedLibraries;

  beforeAll(async () => {
    libraries = await PackedLibraries.pack();
  }, INSTALL_LIMIT_MS);
  afterAll(() => libraries.remove());

  it.each(LIBRARIES)('follows the rules of publint: %s', async (library) => {
    await check('publint/src/cli.js', '--strict', libraries.packed[library].tarball);
  });

  it.each(LIBRARIES)('has types that fit its code in every resolution: %s', async (library) => {
    await check('@arethetypeswrong/cli/dist/index.js', '--no-emoji', libraries.packed[library].tarball);
  });
});
