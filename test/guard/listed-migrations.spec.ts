import { Project } from './support.ts';

/** A migration that changes rows, outside of the checked folder. */
const HIDDEN =
  "export class Hidden1757000000001 { async up(q) { await q.query('UPDATE users SET a = 1'); } async down() {} }\n";
const LISTED = "import { Hidden1757000000001 } from '../jobs/hidden';\n";

describe('the check of a folder of migrations', () => {
  let project: Project;

  beforeEach(() => {
    project = new Project();
    project.write('package.json', '{}');
    project.migration("await queryRunner.query('ALTER TABLE a ADD b int');");
    project.write('src/jobs/hidden.ts', HIDDEN);
  });

  afterEach(() => {
    project.remove();
  });

  it.each([
    [
      'a data source',
      "export default new DataSource({ type: 'postgres', migrations: [Hidden1757000000001] });",
    ],
    [
      'a data source beside a glob',
      "export default new DataSource({ migrations: [__dirname + '/migrations/*.ts', Hidden1757000000001] });",
    ],
    [
      'the module of TypeORM',
      'export const root = TypeOrmModule.forRootAsync({ useFactory: () => ({ migrations: [Hidden1757000000001] }) });',
    ],
    [
      'a constant of a data source',
      'const listed = [Hidden1757000000001];\nexport const options: DataSourceOptions = { migrations: listed };',
    ],
  ])('also checks the migrations that only %s lists', async (_place, code) => {
    project.write('src/database/data-source.ts', `${LISTED}${code}\n`);
    const { code: exit, out } = await project.guard();
    expect(out).toMatch(/src\/jobs\/hidden\.ts\n {2}1:\d+ +HIGH +update in up\(\)/);
    expect(exit).toBe(1);
  });

  it('cannot decide about a list that takes too many steps to follow', async () => {
    const steps = Array.from({ length: 30 }, (_, at) => {
      const inner = at === 0 ? '[]' : `[...step${String(at - 1)}(), ...step${String(at - 1)}()]`;
      return `function step${String(at)}() { return ${inner}; }\n`;
    });
    project.write(
      'src/database/data-source.ts',
      `${LISTED}${steps.join('')}new DataSource({ migrations: [...step29(), Hidden1757000000001] });\n`,
    );
    const { code, out } = await project.guard();
    expect(out).toContain('the list of migrations takes too many steps to follow');
    expect(code).toBe(1);
  });

  it('leaves out listed migrations that are excluded', async () => {
    project.write(
      'src/database/data-source.ts',
      `${LISTED}new DataSource({ migrations: [Hidden1757000000001] });\n`,
    );
    const { code, out } = await project.guard('--exclude', 'hidden.ts');
    expect(out).not.toContain('hidden.ts');
    expect(code).toBe(0);
  });

  it('leaves out the migrations of another data source', async () => {
    const own = "import { Example } from '../migrations/1757000000000-example';\n";
    project.write('src/database/data-source.ts', `${own}new DataSource({ migrations: [Example] });\n`);
    project.write(
      'src/database/other.ts',
      `${LISTED}new DataSource({ migrations: [Hidden1757000000001] });\n`,
    );
    const { code, out } = await project.guard();
    expect(out).not.toContain('hidden.ts');
    expect(code).toBe(0);
  });

  it('reports a migration once that several files export', async () => {
    project.write('src/migrations/index.ts', "export * from '../jobs/hidden';\n");
    project.write('src/migrations/1757000000002-again.ts', "export * from '../jobs/hidden';\n");
    const { out } = await project.guard('--format', 'json');
    const { findings } = JSON.parse(out) as { findings: { rule: string; file: string }[] };
    expect(findings.filter(({ rule }) => rule === 'update')).toHaveLength(1);
  });

  it('grandfathers a migration that another folder holds', async () => {
    project.write('src/migrations/index.ts', "export * from '../jobs/hidden';\n");
    await project.guard('--update-baseline');
    expect((await project.guard('--strict-baseline')).code).toBe(0);
  });

  it('finds a migration behind modules that all export one another as namespaces', async () => {
    const names = Array.from({ length: 25 }, (_, at) => `m${String(at)}`);
    for (const name of names) {
      const others = names.filter((other) => other !== name);
      const lines = others.map((other) => `export * as ${other} from './${other}';\n`);
      project.write(`src/jobs/${name}.ts`, lines.join(''));
    }
    project.write('src/jobs/chain.ts', "export * as m0 from './m0';\n");
    project.write('src/jobs/m24.ts', `export * as m0 from './m0';\n${HIDDEN}`);
    project.write('src/migrations/1757000000003-all.ts', "export * as chain from '../jobs/chain';\n");
    const { code, out } = await project.guard();
    expect(out).toMatch(/src\/jobs\/m24\.ts\n {2}2:\d+ +HIGH +update in up\(\)/);
    expect(code).toBe(1);
  });

  it('finds a migration at the end of a long chain of namespaces', async () => {
    project.write('src/jobs/n9.ts', HIDDEN);
    for (let at = 0; at < 9; at++)
      project.write(`src/jobs/n${String(at)}.ts`, `export * as next from './n${String(at + 1)}';\n`);
    project.write('src/migrations/1757000000003-all.ts', "export * as first from '../jobs/n0';\n");
    const { code, out } = await project.guard();
    expect(out).toMatch(/src\/jobs\/n9\.ts\n {2}1:\d+ +HIGH +update in up\(\)/);
    expect(code).toBe(1);
  });
});
