import { copyFile, mkdir, mkdtemp, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  INSTALL_LIMIT_MS,
  LIBRARIES,
  PackedLibraries,
  install,
  registryProblem,
  run,
  type Library,
} from '../support/packages/packed.ts';
import { TestDatabase } from '../support/server/database.ts';

const PROJECT = join(import.meta.dirname, '../..');

const MAX_PRODUCTION_INSTALL_BYTES = 6_500_000;

/** Files that each package must hold, besides its README and licence. */
const CONTENT = {
  sql: ['dist/index.js', 'dist/index.d.ts', 'dist/cjs/index.js', 'dist/cjs/index.d.ts'],
  backfill: [
    'dist/index.js',
    'dist/index.d.ts',
    'dist/plugin.js',
    'dist/plugin.d.ts',
    'dist/cjs/index.js',
    'dist/cjs/package.json',
  ],
  dashboard: ['dist/index.js', 'dist/index.d.ts', 'dist/cjs/index.js', 'dist/cjs/package.json'],
  guard: [
    'dist/index.js',
    'dist/index.d.ts',
    'dist/cli/bin.js',
    'dist/eslint/plugin.js',
    'dist/testing/index.js',
  ],
} as const satisfies Record<Library, readonly string[]>;

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

/** The packages that the application installs itself, without the dependencies of the library. */
const APPLICATION_DEPENDENCIES = { pg: '^8', 'reflect-metadata': '^0.2', rxjs: '^7' };

const IMPORTING = `
import { Backfill, BackfillModule, BackfillService, type SetBackfill } from 'nestjs-backfill';
import { DataInMigrationError } from 'nestjs-backfill/errors';
import type { StatusReport } from 'nestjs-backfill/reports';
import type { BackfillRecords } from 'nestjs-backfill/operate';
import { BackfillDashboardModule } from 'nestjs-backfill-dashboard';
import 'nestjs-backfill/plugin';
class Lead { id!: string; searchName!: string | null }
@Backfill<Lead>({ name: 'x', entity: Lead, where: 'search_name IS NULL' })
export class SearchName implements SetBackfill<Lead> { set() { return { searchName: 'name' }; } }
export const outcome = async (service: BackfillService) => (await service.run()).outcome;
export const module = BackfillModule.forRoot({});
export const dashboard = BackfillDashboardModule.forRoot({ authorize: () => 'viewer' });
export const overview = async (records: BackfillRecords) => (await records.overview()).backfills;
export const status = (service: BackfillService): Promise<StatusReport> => service.status();
export const isRefused = (error: unknown) => error instanceof DataInMigrationError;
`;

async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(
    files.map(async (file) => (await stat(join(file.parentPath, file.name))).size),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

describe('the packages as they are installed', () => {
  let folder: string;
  let libraries: PackedLibraries;
  let database: TestDatabase;
  let problem: string | null;

  beforeAll(async () => {
    libraries = await PackedLibraries.pack();
    folder = libraries.folder;
    database = await TestDatabase.create();
    problem = await registryProblem();
    if (problem !== null) console.warn(`Skipped, because the npm registry cannot be reached: ${problem}`);
  }, INSTALL_LIMIT_MS);

  afterAll(async () => {
    await database.drop();
    await libraries.remove();
  });

  it.each(LIBRARIES)(
    '%s holds code, types, README, changelog and licence, and no sources or tests',
    (library) => {
      const { files } = libraries.packed[library];
      expect(files).toEqual(
        expect.arrayContaining([...CONTENT[library], 'README.md', 'LICENSE', 'CHANGELOG.md', 'package.json']),
      );
      const unexpected = files.filter(
        (file) =>
          !/^(bin\/[\w-]+\.js|dist\/.*\.(d\.ts|js)|dist\/cjs\/package\.json|schematics\/[\w.-]+\.json|[A-Z]+(\.md)?|package\.json)$/.test(
            file,
          ),
      );
      expect(unexpected).toEqual([]);
      expect(files.filter((file) => file.includes('.spec.'))).toEqual([]);
    },
  );

  it(
    'the production install of the runtime is under 6.5 MB and holds no oxc-parser',
    async () => {
      if (problem !== null) return;
      const application = await install(
        join(folder, 'production'),
        { dependencies: libraries.dependencies('sql', 'backfill') },
        '--omit=peer',
        '--legacy-peer-deps',
      );
      const modules = join(application, 'node_modules');
      expect(await sizeOf(modules)).toBeLessThan(MAX_PRODUCTION_INSTALL_BYTES);
      expect((await readdir(modules)).filter((name) => name.includes('oxc'))).toEqual([]);
    },
    INSTALL_LIMIT_MS,
  );

  it.each(Object.entries(RELEASES))(
    'the runtime works by import and by require() under %s, and its types need nothing undeclared',
    async (title, release) => {
      if (problem !== null) return;
      const application = await install(await mkdtemp(join(folder, 'application-')), {
        dependencies: {
          ...release,
          ...APPLICATION_DEPENDENCIES,
          ...libraries.dependencies('sql', 'backfill', 'dashboard'),
        },
      });
      await copyFile(join(PROJECT, 'test/fixtures/installed/program.cjs'), join(application, 'program.cjs'));
      for (const way of ['import', 'require']) {
        const schema = `${way}_${title.replaceAll(/\W/g, '')}`.toLowerCase();
        await database.query(`CREATE SCHEMA ${schema}`);
        const { stdout } = await run('node', ['program.cjs', way, database.url, schema], {
          cwd: application,
        });
        expect(JSON.parse(stdout)).toEqual({ first: 'complete', second: 'nothing-to-do', pending: 0 });
      }

      await writeFile(join(application, 'importing.mts'), IMPORTING);
      const compiler = join(PROJECT, 'node_modules/typescript/bin/tsc');
      const types = ['--types', 'node', '--typeRoots', join(PROJECT, 'node_modules/@types')];
      const options = ['--noEmit', '--strict', '--target', 'es2022', '--module', 'nodenext'];
      const compiled = await run(
        'node',
        [
          compiler,
          ...options,
          '--experimentalDecorators',
          '--skipLibCheck',
          'false',
          ...types,
          'importing.mts',
        ],
        { cwd: application },
      ).catch((error: { stdout: string }) => error);
      expect(compiled.stdout).toBe('');
    },
    INSTALL_LIMIT_MS,
  );

  it(
    'the guard checks migrations as a development dependency, without the runtime, NestJS or TypeORM',
    async () => {
      if (problem !== null) return;
      const application = await install(join(folder, 'guarded'), {
        devDependencies: libraries.dependencies('sql', 'guard'),
      });
      await mkdir(join(application, 'migrations'));
      const migration = (sql: string) => `
        import { SchemaMigration } from 'nestjs-backfill';
        export class Change1 extends SchemaMigration {
          async up(runner) { await runner.query(\`${sql}\`); }
          async down() {}
        }`;
      const file = join(application, 'migrations/1-change.js');
      const check = () =>
        run('npx', ['nestjs-backfill-guard', 'check', 'migrations'], { cwd: application }).then(
          () => 0,
          (error: { code: number }) => error.code,
        );
      await writeFile(file, migration('ALTER TABLE leads ADD COLUMN status text'));
      expect(await check()).toBe(0);
      await writeFile(file, migration("UPDATE leads SET status = 'new'"));
      expect(await check()).toBe(1);
      const program = `
        import { expectSchemaOnly } from 'nestjs-backfill-guard/testing';
        await expectSchemaOnly('migrations').then(() => console.log('passed'), (error) => console.log(error.name));`;
      await writeFile(join(application, 'program.mjs'), program);
      const { stdout } = await run('node', ['program.mjs'], { cwd: application });
      expect(stdout.trim()).toBe('DataInMigrationsError');
    },
    INSTALL_LIMIT_MS,
  );
});
