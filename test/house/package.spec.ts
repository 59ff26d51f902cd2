import { execFile } from 'node:child_process';
import { copyFile, cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { TestDatabase } from '../support/database.ts';

const PROJECT = join(import.meta.dirname, '../..');
const run = promisify(execFile);

const RELEASES = {
  'Nest 12, TypeORM 1': {
    '@nestjs/common': '^12',
    '@nestjs/core': '^12',
    '@nestjs/typeorm': '^12',
    typeorm: '^1',
  },
  'Nest 11, TypeORM 0.3': {
    '@nestjs/common': '^11',
    '@nestjs/core': '^11',
    '@nestjs/typeorm': '^11',
    typeorm: '>=0.3.20 <0.4',
  },
} as const;

/** What the application itself brings; nothing that the library only may use. */
const BESIDES = { pg: '^8', 'reflect-metadata': '^0.2', rxjs: '^7' };

const IMPORTING = `
import { Backfill, BackfillModule, BackfillService, type SetBackfill } from 'nestjs-backfill';
import 'nestjs-backfill/plugin';
class Lead { id!: string; searchName!: string | null }
@Backfill<Lead>({ name: 'x', entity: Lead, where: 'search_name IS NULL' })
export class SearchName implements SetBackfill<Lead> { set() { return { searchName: 'name' }; } }
export const outcome = async (service: BackfillService) => (await service.run()).outcome;
export const module = BackfillModule.forRoot({});
`;

/** Packs the library as it was built. In a copy: other tests use the built one while this one runs. */
async function pack(
  folder: string,
): Promise<{ readonly tarball: string; readonly files: readonly string[] }> {
  const copy = join(folder, 'package');
  await cp(join(PROJECT, 'libs/backfill/dist'), join(copy, 'dist'), { recursive: true });
  await copyFile(join(PROJECT, 'libs/backfill/package.json'), join(copy, 'package.json'));
  for (const file of ['README.md', 'LICENSE']) await copyFile(join(PROJECT, file), join(copy, file));
  const { stdout } = await run('npm', ['pack', '--ignore-scripts', '--json'], { cwd: copy });
  const [packed] = JSON.parse(stdout) as [{ filename: string; files: { path: string }[] }];
  return { tarball: join(copy, packed.filename), files: packed.files.map(({ path }) => path) };
}

/** Why the registry cannot be asked, in npm's words; null when it can. */
async function registryTrouble(): Promise<string | null> {
  return run('npm', ['view', 'pg', 'version'], { timeout: 20_000 }).then(
    () => null,
    (error: Error) => error.message,
  );
}

describe('the package as it is installed', () => {
  let folder: string;
  let packed: Awaited<ReturnType<typeof pack>>;
  let database: TestDatabase;
  let trouble: string | null;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'backfill-package-'));
    database = await TestDatabase.create();
    packed = await pack(folder);
    trouble = await registryTrouble();
    if (trouble !== null) console.warn(`Not tried, since the npm registry is out of reach: ${trouble}`);
  }, 120_000);

  afterAll(async () => {
    await database.drop();
    await rm(folder, { recursive: true, force: true });
  });

  it('holds the code, its types, the ledger’s SQL, the README and the licence, and no sources or tests', () => {
    expect(packed.files).toEqual(
      expect.arrayContaining([
        'dist/index.js',
        'dist/index.d.ts',
        'dist/plugin.js',
        'dist/plugin.d.ts',
        'dist/ledger/schema/001-ledger.sql',
        'README.md',
        'LICENSE',
        'package.json',
      ]),
    );
    const strange = packed.files.filter(
      (file) => !/^(dist\/.*\.(d\.ts|js|js\.map|sql)|[A-Z]+(\.md)?|package\.json)$/.test(file),
    );
    expect(strange).toEqual([]);
    expect(packed.files.filter((file) => file.includes('.spec.'))).toEqual([]);
  });

  it.each(Object.entries(RELEASES))(
    'works by import and by require() under %s, and its types need nothing that it does not declare',
    async (title, release) => {
      if (trouble !== null) return;
      const application = await mkdtemp(join(folder, 'application-'));
      const dependencies = { ...release, ...BESIDES, 'nestjs-backfill': `file:${packed.tarball}` };
      const manifest = { private: true, dependencies };
      await writeFile(join(application, 'package.json'), JSON.stringify(manifest));
      await run('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline'], {
        cwd: application,
      });
      await copyFile(join(PROJECT, 'test/fixtures/installed/program.cjs'), join(application, 'program.cjs'));
      for (const way of ['import', 'require']) {
        const schema = `${way}_${title.replaceAll(/\W/g, '')}`.toLowerCase();
        await database.query(`CREATE SCHEMA ${schema}`);
        const { stdout } = await run('node', ['program.cjs', way, database.url, schema], {
          cwd: application,
        });
        expect(JSON.parse(stdout)).toEqual({ first: 'complete', second: 'nothing-to-do', left: 0 });
      }

      await writeFile(join(application, 'importing.mts'), IMPORTING);
      const compiler = join(PROJECT, 'node_modules/typescript/bin/tsc');
      const types = ['--types', 'node', '--typeRoots', join(PROJECT, 'node_modules/@types')];
      const options = [
        '--noEmit',
        '--strict',
        '--target',
        'es2022',
        '--module',
        'nodenext',
        '--experimentalDecorators',
      ];
      const compiled = await run(
        'node',
        [compiler, ...options, '--skipLibCheck', 'false', ...types, 'importing.mts'],
        { cwd: application },
      ).catch((error: { stdout: string }) => error);
      expect(compiled.stdout).toBe('');
    },
    240_000,
  );
});
