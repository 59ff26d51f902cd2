import { TimelineProject } from './support.ts';

/** Entities, with the columns that TypeORM gives their tables. */
interface EntityCase {
  readonly title: string;
  readonly members: string;
  /** The columns of the table; the last one belongs to the last property. */
  readonly columns: string;
  readonly head?: string;
}

const LEAD = `@Entity('leads')\nexport class Lead`;
const NAME = 'class Name { @Column() first!: string; }';

const ENTITIES: readonly EntityCase[] = [
  {
    title: 'names in decorators',
    members: `@PrimaryColumn({ name: 'lead_id' }) id!: number;`,
    columns: 'lead_id int',
  },
  {
    title: 'property names as they are',
    members: '@Column() firstName!: string;',
    columns: '"firstName" text',
  },
  {
    title: 'columns of dates',
    members: `@CreateDateColumn({ name: 'created_at' }) at!: Date;`,
    columns: 'created_at timestamptz',
  },
  {
    title: 'names in constants',
    members: '@Column({ name: COLUMNS.mail }) mail!: string;',
    columns: 'e_mail text',
    head: `const COLUMNS = { mail: 'e_mail' } as const;\n${LEAD}`,
  },
  {
    title: 'many-to-one relations',
    members: '@ManyToOne(() => Country) country!: Country;',
    columns: '"countryCode" text',
    head: `class Country { @PrimaryColumn() code!: string; }\n${LEAD}`,
  },
  {
    title: 'names of join columns',
    members: `@OneToOne(() => Tenant) @JoinColumn({ name: 'tenant_id' }) tenant!: Tenant;`,
    columns: 'tenant_id int',
  },
  {
    title: 'embedded objects',
    members: '@Column(() => Name) name!: Name;',
    columns: '"nameFirst" text',
    head: `${NAME}\n${LEAD}`,
  },
  {
    title: 'embedded objects with a prefix',
    members: `@Column(() => Name, { prefix: 'n' }) name!: Name;`,
    columns: '"nFirst" text',
    head: `${NAME}\n${LEAD}`,
  },
  {
    title: 'embedded objects without a prefix',
    members: '@Column(() => Name, { prefix: false }) name!: Name;',
    columns: 'first text',
    head: `${NAME}\n${LEAD}`,
  },
  {
    title: 'base classes',
    members: '@Column() name!: string;',
    columns: 'name text, id int',
    head: `abstract class Base { @PrimaryColumn() id!: number; }\n${LEAD} extends Base`,
  },
  {
    title: 'table inheritance',
    members: '@Column() rating!: number;',
    columns: 'id int, kind text, rating int',
    head: `@Entity('leads')\n@TableInheritance({ column: { name: 'kind' } })\nexport class Lead { @PrimaryColumn() id!: number; }\n@ChildEntity()\nexport class RatedLead extends Lead`,
  },
];

describe('the entities that --timeline reads', () => {
  let project: TimelineProject;

  beforeEach(() => {
    project = new TimelineProject();
  });

  afterEach(() => {
    project.remove();
  });

  it.each(ENTITIES)('$title: passes with their columns', async ({ members, columns, head }) => {
    project.sql(`CREATE TABLE leads (${columns})`);
    project.entity(members, head);
    expect(await project.timeline()).toEqual({ code: 0, findings: [] });
  });

  it.each(ENTITIES)('$title: fails without the last of them', async ({ members, columns, head }) => {
    const last = columns.split(', ').at(-1) ?? '';
    project.sql(`CREATE TABLE leads (${columns.replace(last, 'other int')})`);
    project.entity(members, head);
    const column = /\w+/.exec(last)?.[0] ?? '';
    expect((await project.timeline()).findings).toEqual([
      expect.stringContaining(`no migration adds the column leads.${column}, which the entity`),
    ]);
  });

  it('a relation to a class that is not in the sources has a column that cannot be decided', async () => {
    project.sql('CREATE TABLE leads (id int)');
    project.entity('@PrimaryColumn() id!: number;\n@ManyToOne(() => Tenant) tenant!: Tenant;');
    expect((await project.timeline()).findings).toEqual([
      'column-undecided: the guard cannot read its name in the database',
    ]);
  });

  it('EntitySchemas, with their names and places', async () => {
    project.sql('CREATE TABLE leads (id int, e_mail text, "tenantId" int)');
    project.write(
      'src/lead.schema.ts',
      `import { EntitySchema } from 'typeorm';
const BASE = { id: { type: 'int', primary: true } } as const;
export const LeadTable = new EntitySchema({
  name: 'Lead',
  tableName: 'leads',
  columns: {
    ...BASE,
    mail: { type: 'text', name: 'e_mail' },
    status: { type: 'text' },
  },
  relations: { tenant: { type: 'many-to-one', target: 'Tenant', joinColumn: { name: 'tenantId' } } },
});
`,
    );
    const { out } = await project.guard('--timeline', '--format', 'json');
    const { findings } = JSON.parse(out) as { findings: { message: string; line: number; column: number }[] };
    expect(findings).toMatchObject([
      {
        message: 'no migration adds the column leads.status, which the entity Lead uses',
        line: 9,
        column: 5,
      },
    ]);
  });

  it('the package typeorm-naming-strategies', async () => {
    project.write(
      'src/data-source.ts',
      `import { SnakeNamingStrategy } from 'typeorm-naming-strategies';\nnew DataSource({ namingStrategy: new SnakeNamingStrategy() });`,
    );
    project.sql('CREATE TABLE leads (first_name text, tenant_id int, home_city text)');
    project.entity(
      `  @Column() firstName!: string;
  @ManyToOne(() => Tenant) tenant!: Tenant;
  @Column(() => Home) home!: Home;
  @Column() lastName!: string;`,
      `class Tenant { @PrimaryColumn() id!: number; }\nclass Home { @Column() city!: string; }\n@Entity('leads')\nexport class Lead`,
    );
    expect((await project.timeline()).findings).toEqual([
      'column-not-added: no migration adds the column leads.last_name, which the entity Lead uses',
    ]);
  });

  it('folders that --sources names; without any entity, the check cannot be done', async () => {
    project.sql('CREATE TABLE leads (id int)');
    project.write(
      'libs/data/lead.entity.ts',
      `import { Column, Entity } from 'typeorm';\n@Entity('leads') class Lead { @Column() name!: string; }`,
    );
    const empty = await project.guard('--timeline');
    expect(empty.code).toBe(2);
    expect(empty.out).toContain('no entity was found: name the folders of the entities with --sources');
    expect((await project.timeline('--sources', project.path('libs'))).findings).toHaveLength(1);
    expect((await project.guard('--timeline', '--sources', project.path('none'))).code).toBe(2);
  });
});
