import { TimelineProject } from './support.ts';

const CREATE = 'CREATE TABLE leads (id bigserial PRIMARY KEY, name text, status text)';
const LEAD = `  @PrimaryGeneratedColumn() id!: number;\n  @Column('text') name!: string;\n  @Column('text') status!: string;`;

describe('the columns that backfills use, in the order of the migrations', () => {
  let project: TimelineProject;

  beforeEach(() => {
    project = new TimelineProject();
    project.entity(LEAD);
  });

  afterEach(() => {
    project.remove();
  });

  const backfill = (options: string, body = ''): void => {
    project.write(
      'src/leads-status.backfill.ts',
      `import { Backfill } from 'nestjs-backfill';
import { IsNull } from 'typeorm';
import { Lead } from './lead.entity.js';
@Backfill<Lead>({ name: 'leads-status', entity: Lead, ${options} })
export class LeadsStatus {
  ${body}
}
`,
    );
  };

  it('passes a backfill whose columns the migrations add', async () => {
    project.sql(CREATE);
    backfill('where: { status: IsNull() }', 'set(row) { return { status: `lower(${row.name})` }; }');
    expect(await project.timeline()).toEqual({ code: 0, findings: [] });
  });

  it.each([
    ['conditions', 'where: { status: IsNull() }', ''],
    ['SQL conditions', `where: 'this_row.status IS NULL'`, ''],
    ['functions that return SQL', 'where: (row) => `${row.status} IS NULL`', ''],
    ['reads', `where: { name: 'a' }, reads: ['status']`, ''],
    ['writes', `where: { name: 'a' }, writes: ['status']`, ''],
    ['the tenant', `where: { name: 'a' }, tenant: 'status'`, ''],
    ['set()', `where: { name: 'a' }`, 'set() { return { status: `1` }; }'],
    ['expressions', `where: { name: 'a' }`, 'set(row) { return { name: `upper(${row.status})` }; }'],
  ])('fails for a column that no migration adds, in %s', async (_, options, body) => {
    project.sql('CREATE TABLE leads (id bigserial PRIMARY KEY, name text)');
    backfill(options, body);
    expect((await project.timeline()).findings).toEqual([
      'column-not-added: no migration adds the column leads.status, which the entity Lead uses',
      'column-not-added: no migration adds the column leads.status, which the backfill leads-status uses',
    ]);
  });

  it('fails for a column of another table in a sub-query', async () => {
    project.sql(CREATE, 'CREATE TABLE calls (lead_id int)');
    backfill(
      'where: { status: IsNull() }',
      'set(row) { return { status: `(SELECT c.direction FROM calls c WHERE c.lead_id = ${row.id})` }; }',
    );
    expect((await project.timeline()).findings).toEqual([
      'column-not-added: no migration adds the column calls.direction, which the backfill leads-status uses',
    ]);
  });

  it('fails for a column that only a migration adds which waits for the backfill', async () => {
    project.sql('CREATE TABLE leads (id bigserial PRIMARY KEY, name text)');
    project.up(
      "    await queryRunner.query('ALTER TABLE leads ADD status text');",
      "  static readonly requires = ['leads-status'];\n",
    );
    backfill('where: { status: IsNull() }');
    expect(await project.timeline()).toEqual({
      code: 1,
      findings: [
        'column-not-added: the backfill leads-status uses the column leads.status, but Step1757000000001, which adds it, waits for this backfill',
      ],
    });
  });

  it('a migration that waits for the backfill may drop what it read; another one may not', async () => {
    project.entity(`  @PrimaryGeneratedColumn() id!: number;\n  @Column('text') status!: string;`);
    project.sql(CREATE);
    backfill('where: { status: IsNull() }', 'set() { return { status: `this_row.name` }; }');
    const drop = "    await queryRunner.query('ALTER TABLE leads DROP name');";
    const contract = project.up(drop, "  static readonly requires = ['leads-status'];\n");
    expect(await project.timeline()).toEqual({ code: 0, findings: [] });
    project.write(
      contract.slice(project.root.length + 1),
      `export class A extends SchemaMigration { async up(queryRunner) {\n${drop}\n} }`,
    );
    expect(await project.timeline()).toEqual({
      code: 1,
      findings: [
        'column-dropped: the migration drops the column leads.name, but the backfill leads-status still uses it',
      ],
    });
  });
});
