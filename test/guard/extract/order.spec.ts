import { compare } from './extracted-project.ts';
import { Project } from '../support.ts';
import { q, TABLES } from './shapes.ts';

const FILL = `  async fill(queryRunner) {\n${q(`UPDATE leads SET status = email WHERE status IS NULL`)}\n  }\n`;
const CALL = '    await this.fill(queryRunner);';

describe('extract keeps the order of a migration whose data change is in a method that up() calls', () => {
  it('moves what stands behind the call into the contract migration', async () => {
    const up = `${CALL}\n${q(`ALTER TABLE leads DROP COLUMN email`)}`;
    const { original, extracted, refusals, backfills } = await compare({ before: TABLES, up, methods: FILL });
    expect(refusals).toBe('');
    expect(backfills).toEqual(['leads-status']);
    expect(extracted).toEqual(original);
  });

  it.each([
    [
      'a data change behind the call reads what it writes',
      `${CALL}\n${q(`UPDATE owners SET name = (SELECT min(status) FROM leads)`)}`,
      'also changes rows, cannot move, and must run after',
    ],
    [
      'a setting before the call changes what it means',
      `${q(`SET LOCAL session_replication_role = replica`)}\n${CALL}`,
      'session_replication_role',
    ],
    [
      'up() can return before what must follow it',
      `${CALL}\n    if (process.env['NEVER_SET'] === 'yes') return;\n${q(`ALTER TABLE leads DROP COLUMN email`)}`,
      'the code before that line can return',
    ],
    [
      'code behind the call reads its rows',
      `${CALL}\n    for (const table of ['leads']) await queryRunner.query('ALTER TABLE ' + table + ' DROP COLUMN email');`,
      'is in another method',
    ],
  ])('leaves everything as it is if %s', async (_case, up, reason) => {
    const { original, extracted, refusals } = await compare({ before: TABLES, up, methods: FILL });
    expect(refusals).toContain(reason);
    expect(extracted).toEqual(original);
  });
});

describe('extract keeps the order of rows that a migration reads before it changes others', () => {
  const READ = `    const rows = await queryRunner.query('SELECT id, email FROM leads');`;
  const LOOP = `    for (const row of rows) await queryRunner.query('UPDATE owners SET name = $1 WHERE id = $2', [row.email, row.id]);`;
  let project: Project;

  beforeEach(() => {
    project = new Project();
    project.write('package.json', '{}');
  });

  afterEach(() => {
    project.remove();
  });

  function extract(...between: readonly string[]): Promise<{ out: string; error: string }> {
    return project.run('extract', project.migration([READ, q(...between), LOOP].join('\n')));
  }

  it('moves what drops the read column into the contract migration', async () => {
    const { out } = await extract('ALTER TABLE leads DROP COLUMN email');
    const [, contract = ''] = out.split('-contract.ts');
    expect(contract).toMatch(/\+ .*DROP COLUMN email[^]*- .*DROP COLUMN email/);
  });

  it('moves the loop if the migration has added a column since, also with a variable named like a table', async () => {
    const code = `const leads = await queryRunner.query('SELECT id FROM leads');\n${q(`ALTER TABLE leads ADD rank text NOT NULL DEFAULT ''`)}\nfor (const { id } of leads) await queryRunner.query('UPDATE leads SET rank = 1 WHERE id = $1', [id]);`;
    const { out, error } = await project.run('extract', project.migration(code));
    expect(error).not.toContain('not extracted');
    expect(out).toContain('ProcessBackfill');
  });

  it.each([
    ['UPDATE leads SET email = NULL', 'changes what the code before it has read'],
    [`INSERT INTO leads (id) VALUES (99)`, 'also changes rows, cannot move, and must run after'],
    ['ALTER TABLE owners ADD CONSTRAINT one_name UNIQUE (name)', 'which must run after another backfill'],
  ])('leaves the loop behind %s', async (statement, reason) => {
    const { out, error } = await extract(statement);
    expect(error).toContain(reason);
    expect(out).not.toContain('ProcessBackfill');
  });
});

describe('extract moves two updates of one column', () => {
  it.each([
    ["status = 'new'", "status = 'open'", true],
    ['active', 'NOT active', true],
    ['owner_id = 1', 'owner_id = 1.0', false],
    ["status = 'new'", "status = 'NEW '", false],
    ["status = 't'", "status = 'true'", false],
    ["at = 'today'", "at = 'now'", false],
    ["status = 'new'", "name = 'new'", false],
    ["status = 'new'", "status = 'open' OR id = 1", false],
  ])('WHERE %s and WHERE %s: %s', async (one, other, isMoved) => {
    const project = new Project();
    project.write('package.json', '{}');
    const statements = [
      `UPDATE leads SET note = 'a' WHERE ${one}`,
      `UPDATE leads SET note = 'b' WHERE ${other}`,
    ];
    const { error } = await project.run('extract', project.migration(q(...statements)));
    expect(error.includes('so that backfill would start again')).toBe(!isMoved);
    project.remove();
  });
});
