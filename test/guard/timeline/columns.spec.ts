import { TimelineProject } from './support.ts';

const CREATE = 'CREATE TABLE leads (id bigserial PRIMARY KEY, name text)';
const LEAD = `  @PrimaryGeneratedColumn() id!: number;\n  @Column('text') name!: string;`;
const LEAD_WITH_STATUS = `${LEAD}\n  @Column('text') status!: string;`;

describe('--timeline and the columns of the migrations', () => {
  let project: TimelineProject;

  beforeEach(() => {
    project = new TimelineProject();
  });

  afterEach(() => {
    project.remove();
  });

  it('passes a column of a table that CREATE SCHEMA creates', async () => {
    project.sql('CREATE SCHEMA crm CREATE TABLE leads (id bigserial PRIMARY KEY, name text)');
    project.entity(
      `  @PrimaryGeneratedColumn() id!: number;\n  @Column('text') name!: string;`,
      `@Entity({ name: 'leads', schema: 'crm' })\nexport class Lead`,
    );
    expect(await project.timeline()).toEqual({ code: 0, findings: [] });
  });

  it('passes entities whose columns the migrations add', async () => {
    project.sql(CREATE);
    project.sql('ALTER TABLE leads ADD COLUMN status text');
    project.entity(LEAD_WITH_STATUS);
    expect(await project.timeline()).toEqual({ code: 0, findings: [] });
  });

  it('fails for an entity’s column that no migration adds', async () => {
    project.sql(CREATE);
    project.entity(LEAD_WITH_STATUS);
    expect(await project.timeline()).toEqual({
      code: 1,
      findings: ['column-not-added: no migration adds the column leads.status, which the entity Lead uses'],
    });
  });

  it('fails for an entity whose table no migration creates', async () => {
    project.sql(CREATE);
    project.entity(LEAD);
    project.entity(LEAD, '@Entity()\nexport class CallLog', 'src/call-log.entity.ts');
    expect(await project.timeline()).toEqual({
      code: 1,
      findings: ['column-not-added: no migration creates the table call_log, which the entity CallLog uses'],
    });
  });

  it.each([
    [
      'drops',
      'ALTER TABLE leads DROP COLUMN name',
      'the migration drops the column leads.name, but the entity Lead still uses it',
    ],
    [
      'renames',
      'ALTER TABLE leads RENAME name TO title',
      'the migration renames the column leads.name to title, but the entity Lead still uses the old name',
    ],
    [
      'drops with its table',
      'DROP TABLE leads',
      'the migration drops the table leads, but the entity Lead still uses it',
    ],
  ])('fails for a column that a migration %s while the entity has it', async (_, sql, message) => {
    project.sql(CREATE);
    project.sql(sql);
    project.entity(LEAD);
    expect(await project.timeline()).toEqual({
      code: 1,
      findings: [`column-dropped: ${message}`],
    });
  });

  it('passes a column that is dropped and added again, and a table that replaces another', async () => {
    project.sql(CREATE, 'ALTER TABLE leads DROP COLUMN name', 'ALTER TABLE leads ADD name varchar(50)');
    project.sql('CREATE TABLE leads_new (id int, name text)', 'DROP TABLE leads');
    project.sql('ALTER TABLE leads_new RENAME TO leads');
    project.entity(LEAD);
    expect(await project.timeline()).toEqual({ code: 0, findings: [] });
  });

  it('reads statements in DO blocks and under conditions', async () => {
    project.sql(
      CREATE,
      `DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_attribute) THEN ALTER TABLE leads ADD COLUMN status text; END IF; END $$`,
    );
    project.up(`    if (await queryRunner.hasColumn('leads', 'name'))
      await queryRunner.query('ALTER TABLE leads DROP COLUMN name');`);
    project.entity(LEAD_WITH_STATUS);
    expect((await project.timeline()).findings).toEqual([
      'column-dropped: the migration drops the column leads.name, but the entity Lead still uses it',
    ]);
  });

  it('reads the schema methods of the query runner', async () => {
    project.up(`    await queryRunner.createTable(new Table({
      name: 'leads', columns: [{ name: 'id', type: 'int' }, { name: 'title', type: 'text' }] }));
    await queryRunner.addColumns('leads', [new TableColumn({ name: 'status', type: 'text' })]);
    await queryRunner.renameColumn('leads', 'title', 'name');
    await queryRunner.dropColumn('leads', 'status');`);
    project.entity(LEAD_WITH_STATUS);
    expect((await project.timeline()).findings).toEqual([
      'column-dropped: the migration drops the column leads.status, but the entity Lead still uses it',
    ]);
  });

  it('follows the order of the timestamps in the class names', async () => {
    project.sql('ALTER TABLE leads DROP COLUMN name');
    project.write(
      'src/migrations/z-create.ts',
      `export class Create1700000000000 extends SchemaMigration { async up(queryRunner) { await queryRunner.query('${CREATE}'); } }`,
    );
    project.entity(LEAD);
    expect((await project.timeline()).findings).toEqual([
      'column-dropped: the migration drops the column leads.name, but the entity Lead still uses it',
    ]);
  });

  it('reads migrations in SQL, and helpers that loop over tables', async () => {
    project.write('src/migrations/1756000000000-create.sql', `${CREATE}; CREATE TABLE calls (id int);`);
    project.up(`    for (const table of ['leads', 'calls'])
      await queryRunner.query(\`ALTER TABLE "\${table}" ADD COLUMN "status" text\`);`);
    project.entity(LEAD_WITH_STATUS);
    expect(await project.timeline()).toEqual({ code: 0, findings: [] });
  });
});
