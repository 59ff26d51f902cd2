import { TestDatabase } from '../support/server/database.ts';
import { Project } from './support.ts';

describe('the guard with --database', () => {
  let database: TestDatabase;
  let project: Project;

  beforeAll(async () => {
    database = await TestDatabase.create();
    await database.query('CREATE TABLE plans (id int)');
    await database.query('CREATE TABLE leads (id int)');
    await database.query('INSERT INTO leads SELECT generate_series(1, 20000)');
    await database.query('INSERT INTO plans SELECT generate_series(1, 3)');
    await database.query('ANALYZE');
  });

  afterAll(() => database.drop());

  beforeEach(() => {
    project = new Project();
    project.migration(
      'await queryRunner.query(`UPDATE leads SET a = 1`);\nawait queryRunner.query(`UPDATE plans SET a = 1`);',
    );
  });

  afterEach(() => {
    project.remove();
  });

  it("uses PostgreSQL's estimates of the rows for the severity", async () => {
    const { out } = await project.guard('--database', database.url, '--format', 'json');
    const { findings } = JSON.parse(out) as { findings: { table: string; severity: string }[] };
    expect(findings.map(({ table, severity }) => [table, severity])).toEqual([
      ['leads', 'HIGH'],
      ['plans', 'LOW'],
    ]);
  });

  it('exits with 2 when the value is not a URL', async () => {
    const { code, error } = await project.guard('--database', 'foo');
    expect(code).toBe(2);
    expect(error).toContain('--database URL');
  });

  it('exits with 2 when it cannot reach the database', async () => {
    const { code, error } = await project.guard('--database', 'postgres://nobody@127.0.0.1:1/nothing');
    expect(code).toBe(2);
    expect(error).toContain('--database 127.0.0.1:1');
  });
});
