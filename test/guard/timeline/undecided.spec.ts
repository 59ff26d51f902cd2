import { TimelineProject } from './support.ts';

const CREATE = 'CREATE TABLE leads (id bigserial PRIMARY KEY)';
const LEAD = `  @PrimaryGeneratedColumn() id!: number;\n  @Column('text') status!: string;`;

describe('what --timeline cannot decide', () => {
  let project: TimelineProject;

  beforeEach(() => {
    project = new TimelineProject();
  });

  afterEach(() => {
    project.remove();
  });

  it.each([
    [
      'no migration creates the table',
      ['ALTER TABLE leads ADD name text'],
      'no checked migration creates the table leads',
    ],
    [
      'a table takes the columns of another one',
      ['CREATE TABLE leads (id int, LIKE old_leads)'],
      'it takes the columns of another table',
    ],
    ['SQL text is computed', [CREATE, '${process.env.SQL}'], 'it sends SQL that the guard cannot read'],
    [
      'a column name is computed',
      [CREATE, 'ALTER TABLE leads ADD ${process.env.COLUMN} text'],
      'it computes the name of a table or column',
    ],
    ['an unknown function runs', [CREATE, 'SELECT add_columns()'], 'add_columns'],
    [
      'EXECUTE runs computed text',
      [CREATE, 'DO $$ BEGIN EXECUTE current_setting($1); END $$'],
      'EXECUTE runs a string',
    ],
    [
      'two schemas have the table',
      ['CREATE TABLE a.leads (id int)', 'CREATE TABLE b.leads (id int)'],
      'several schemas have a table leads',
    ],
  ])('when %s, a missing column is a note with the reason', async (_, statements, reason) => {
    project.sql(...statements);
    project.entity(LEAD);
    const { findings } = await project.timeline();
    expect(findings).toEqual([expect.stringContaining(`column-undecided: `)]);
    expect(findings[0]).toContain(reason);
  });

  it('a note does not fail the check, and the report shows it', async () => {
    project.sql('ALTER TABLE leads ADD name text');
    project.entity(LEAD);
    const { code, out } = await project.guard('--timeline');
    expect(out).toContain('column-undecided');
    expect(out).toContain('timeline: 2 columns of 1 entity, 0 backfills');
    expect(code).toBe(0);
  });

  it.each([
    ['a custom naming strategy', 'new DataSource({ namingStrategy: new OurNaming() });', 'naming strategy'],
    ['the prefix of all tables', `new DataSource({ entityPrefix: 'crm_' });`, 'naming strategy'],
  ])('%s decides the names', async (_, code, reason) => {
    project.sql(CREATE);
    project.write('src/data-source.ts', code);
    project.entity(LEAD);
    expect((await project.timeline()).findings).toEqual([expect.stringContaining(reason)]);
  });

  it('a column of another spelling is a question of the naming strategy', async () => {
    project.sql('CREATE TABLE leads (id int, first_name text)');
    project.entity('  @Column() id!: number;\n  @Column() firstName!: string;');
    expect((await project.timeline()).findings).toEqual([
      'column-undecided: the migrations have the column first_name instead; a naming strategy may map the names',
    ]);
  });

  it('a column that is dropped under a condition of the code', async () => {
    project.sql('CREATE TABLE leads (id int, status text)');
    project.up(
      `    if (process.env.CLEAN === 'yes') await queryRunner.query('ALTER TABLE leads DROP status');`,
    );
    project.entity(LEAD);
    expect((await project.timeline()).findings).toEqual([
      expect.stringContaining('drops it under a condition'),
    ]);
  });

  it('a column that a migration outside the check names', async () => {
    project.sql(CREATE);
    project.write(
      'src/other/migrations/1700000000000-status.ts',
      `class A implements MigrationInterface { async up(q) { await q.query('ALTER TABLE leads ADD status text'); } }`,
    );
    project.entity(LEAD);
    expect((await project.timeline()).findings).toEqual([
      expect.stringContaining('is not one of the checked migrations'),
    ]);
  });

  it('a table without a migration, in an application with several data sources', async () => {
    project.sql('CREATE TABLE calls (id int)');
    project.entity('  @Column() id!: number;', `@Entity('calls')\nexport class Call`, 'src/call.entity.ts');
    project.entity(LEAD);
    project.write('src/leads.module.ts', `TypeOrmModule.forFeature([Lead], 'archive');`);
    expect((await project.timeline()).findings).toEqual([
      'column-undecided: the application has several data sources',
    ]);
  });

  it('a table without a migration, if another entity extends the entity', async () => {
    project.sql('CREATE TABLE calls (id int, status text)');
    project.entity(LEAD, `@Entity('base')\nexport class Base`, 'src/base.entity.ts');
    project.entity(
      '',
      `import { Base } from './base.entity';\n@Entity('calls')\nexport class Call extends Base`,
      'src/call.entity.ts',
    );
    expect((await project.timeline()).findings).toEqual([
      'column-undecided: other entities extend it, so that it may be only their base class',
    ]);
  });

  it('entities that migrations do not maintain, and properties without a column, are no findings', async () => {
    project.sql(CREATE);
    project.entity(
      `  @PrimaryGeneratedColumn() id!: number;\n  @Column({ select: false, insert: false, update: false }) calls!: number;\n  total!: number;`,
    );
    project.entity(
      LEAD,
      `@Entity({ name: 'report', synchronize: false })\nexport class Report`,
      'src/report.ts',
    );
    expect(await project.timeline()).toEqual({ code: 0, findings: [] });
  });
});
