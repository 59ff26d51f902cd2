import { backfill } from '../../libs/backfill/src/schematics/backfill.schematic.ts';
import { contract } from '../../libs/backfill/src/schematics/contract.schematic.ts';
import { index } from '../../libs/backfill/src/schematics/index.schematic.ts';
import { migration } from '../../libs/backfill/src/schematics/migration.schematic.ts';
import { APPLICATION, RecordedContext, treeOf } from './application.tree.ts';

const FILE = 'src/backfills/leads-search-name.backfill.ts';
const SPEC = 'src/backfills/leads-search-name.backfill.spec.ts';

describe('the generator of a backfill', () => {
  it('finds the entity and the property in the name, and provides the class', () => {
    const tree = treeOf();
    backfill({ name: 'leads-search-name' })(tree, new RecordedContext());
    expect(tree.readText(FILE)).toContain(`@Backfill<Lead>({
  name: 'leads-search-name',
  entity: Lead,
  where: { searchName: IsNull() },
})
export class LeadsSearchName implements SetBackfill<Lead> {`);
    expect(tree.readText('src/app.module.ts')).toContain('providers: [LeadsSearchName],');
    expect(tree.readText('src/app.module.ts')).toContain(
      `import { LeadsSearchName } from './backfills/leads-search-name.backfill.js';`,
    );
  });

  it('writes a spec with rows that the constraints of the entity allow', () => {
    const tree = treeOf();
    backfill({ name: 'leads-search-name' })(tree, new RecordedContext());
    const spec = tree.readText(SPEC);
    expect(spec).toContain(`getRepository('Tenant').insert({ id: 1, name: 'Name 1' })`);
    expect(spec).toContain(`{ id: '1', tenantId: 1, name: 'Name 1', state: 'new' },`);
    expect(spec).toContain(`{ id: '1', before: { searchName: null }, after: { searchName: 'name 1' } },`);
    expect(spec).toContain(`from 'vitest'`);
  });

  it('gives the data source of the spec the naming strategy of the application', () => {
    const module = APPLICATION['src/app.module.ts'] ?? '';
    const tree = treeOf({
      'src/app.module.ts': `import { Snake } from './snake.js';\n${module.replace('migrations: [],', 'migrations: [],\n      namingStrategy: new Snake(),')}`,
      'src/snake.ts': 'export class Snake {}',
    });
    backfill({ name: 'leads-search-name' })(tree, new RecordedContext());
    expect(tree.readText(SPEC)).toContain(`import { Snake } from '../snake.js';`);
    expect(tree.readText(SPEC)).toContain('namingStrategy: new Snake(),');
  });

  it.each([
    ['transform', 'implements TransformBackfill<Lead'],
    ['process', 'implements ProcessBackfill<Lead'],
    ['purge', `kind: 'purge'`],
  ])('writes the kind %s', (kind, code) => {
    const tree = treeOf();
    backfill({ name: 'leads-search-name', type: kind })(tree, new RecordedContext());
    expect(tree.readText(FILE)).toContain(code);
  });

  it('takes both entities of a copy from its name', () => {
    const tree = treeOf();
    backfill({ name: 'tenants-into-leads', kind: 'copy' })(tree, new RecordedContext());
    const text = tree.readText('src/backfills/tenants-into-leads.backfill.ts');
    expect(text).toContain('implements CopyBackfill<Tenant, Lead>');
    expect(text).toContain('// TODO: state');
  });

  it('takes the entity as its third argument, or as --entity', () => {
    const tree = treeOf();
    backfill({ name: 'fix-score', path: 'Lead' })(tree, new RecordedContext());
    backfill({ name: 'repair-score', entity: 'Lead' })(tree, new RecordedContext());
    for (const name of ['fix-score', 'repair-score'])
      expect(tree.readText(`src/backfills/${name}.backfill.ts`)).toContain('where: { score: IsNull() }');
  });

  it('changes no row until a person has said which, if the name says nothing', () => {
    const tree = treeOf();
    backfill({ name: 'leads-cleanup', kind: 'purge' })(tree, new RecordedContext());
    const text = tree.readText('src/backfills/leads-cleanup.backfill.ts');
    expect(text).toContain(
      `// TODO: which rows are pending. No row is, as long as this is false.\n  where: 'false',`,
    );
  });

  it.each([
    [{ name: 'phones' }, /no entity fits[\s\S]*leads-phones[\s\S]*Lead, Tenant/],
    [{ name: 'leads-search-name', kind: 'update' }, /not a kind[\s\S]*set, transform, copy, purge, process/],
    [{ name: 'leads-search-name', entity: 'Person' }, /no entity Person/],
    [{ name: 'leads', kind: 'copy' }, /into which entity[\s\S]*leads-to-archived-leads/],
    [{ name: '' }, /name: it is missing/],
    [{ name: 'leads-search-name', language: 'js' }, /TypeScript only/],
  ])('refuses %j and writes nothing', (options, message) => {
    const tree = treeOf();
    expect(() => backfill(options)(tree, new RecordedContext())).toThrow(message);
    expect(tree.actions.filter(({ path }) => path.includes('backfills'))).toEqual([]);
  });

  it('refuses a change of an entity that has only its key, which cannot be changed', () => {
    const files = {
      'src/leads/tenant.entity.ts': `import { Entity, PrimaryGeneratedColumn } from 'typeorm';

@Entity('tenants')
export class Tenant {
  @PrimaryGeneratedColumn()
  id!: number;
}
`,
    };
    for (const kind of ['set', 'transform'])
      expect(() => backfill({ name: 'tenants-cleanup', kind })(treeOf(files), new RecordedContext())).toThrow(
        /no column besides its key[\s\S]*--type purge/,
      );
    for (const kind of ['purge', 'process'])
      expect(() =>
        backfill({ name: 'tenants-cleanup', kind })(treeOf(files), new RecordedContext()),
      ).not.toThrow();
  });

  it('does not overwrite a file', () => {
    const tree = treeOf({ [FILE]: '// mine' });
    expect(() => backfill({ name: 'leads-search-name' })(tree, new RecordedContext())).toThrow(
      /exists already/,
    );
  });

  it('says what to do when the module is not understood', () => {
    const tree = treeOf({ 'src/app.module.ts': '@Module(metadata)\nexport class AppModule {}\n' });
    const context = new RecordedContext();
    backfill({ name: 'leads-search-name' })(tree, context);
    expect(context.warnings).toEqual([expect.stringContaining('By hand: add LeadsSearchName')]);
  });
});

describe('the generators of a migration, an index and a contract', () => {
  it('write a migration with a timestamp, and list it at the data source', () => {
    const tree = treeOf();
    migration({ name: 'add-city-to-leads' })(tree, new RecordedContext());
    const module = tree.readText('src/app.module.ts');
    const [, name = ''] = /migrations: \[(AddCityToLeads\d{13})\]/.exec(module) ?? [];
    const text = tree.readText(`src/migrations/${name.slice('AddCityToLeads'.length)}-add-city-to-leads.ts`);
    expect(text).toContain(`export class ${name} extends SchemaMigration`);
    expect(text).toContain('ALTER TABLE leads ADD COLUMN city text');
  });

  it('leave a data source that finds migrations by their files as it is', () => {
    const module =
      APPLICATION['src/app.module.ts']?.replace('migrations: []', `migrations: ['dist/migrations/*.js']`) ??
      '';
    const [tree, context] = [treeOf({ 'src/app.module.ts': module }), new RecordedContext()];
    migration({ name: 'add-city' })(tree, context);
    expect(tree.readText('src/app.module.ts')).toBe(module);
    expect(context.lines.at(-1)).toContain('finds migrations by their files');
  });

  it('begin the list of migrations of a data source that has none', () => {
    const module = APPLICATION['src/app.module.ts']?.replace('\n      migrations: [],', '') ?? '';
    const [tree, context] = [treeOf({ 'src/app.module.ts': module }), new RecordedContext()];
    migration({ name: 'add-city-to-leads' })(tree, context);
    expect(tree.readText('src/app.module.ts')).toMatch(
      /import \{ AddCityToLeads\d{13} \} from '.\/migrations[^]*\n {6}entities: \[Lead, Tenant\],\n {6}migrations: \[AddCityToLeads\d{13}\],\n {4}\}\),/,
    );
    expect(context.warnings).toEqual([]);
  });

  it.each([
    ['options that are spread', '\n      ...shared,'],
    ['a list that is a variable', '\n      migrations,'],
    ['two data sources', `\n    }),\n    TypeOrmModule.forRoot({ name: 'b', type: 'postgres',`],
  ])('leave data sources whose list of migrations is not certain as they are: %s', (_, inserted) => {
    const module = APPLICATION['src/app.module.ts']?.replace('\n      migrations: [],', inserted) ?? '';
    const [tree, context] = [treeOf({ 'src/app.module.ts': module }), new RecordedContext()];
    migration({ name: 'add-city' })(tree, context);
    expect(tree.readText('src/app.module.ts')).toBe(module);
    expect(context.warnings).toEqual([expect.stringContaining('By hand: add AddCity')]);
  });

  it('write the index of the pending rows', () => {
    const tree = treeOf();
    index({ name: 'leads-without-search-name' })(tree, new RecordedContext());
    const text = tree.readText('src/indexes/leads-without-search-name.index.ts');
    expect(text).toContain(`columns: ['id'],\n  where: 'search_name IS NULL',`);
    expect(tree.readText('src/app.module.ts')).toContain('providers: [LeadsWithoutSearchName]');
  });

  it('write the contract migration of an existing backfill', () => {
    const tree = treeOf();
    backfill({ name: 'leads-search-name' })(tree, new RecordedContext());
    contract({ name: 'leads-search-name' })(tree, new RecordedContext());
    const [file = ''] = tree.actions.map(({ path }) => path).filter((path) => path.includes('require-leads'));
    expect(tree.readText(file)).toContain(`static readonly requires = ['leads-search-name'];`);
    expect(tree.readText(file)).toContain(`setNotNull(queryRunner, 'leads', 'search_name')`);
  });

  it('refuse a contract of a backfill that does not exist', () => {
    expect(() => contract({ name: 'leads-search-name' })(treeOf(), new RecordedContext())).toThrow(
      /no backfill of this name[\s\S]*nest g -c nestjs-backfill backfill leads-search-name/,
    );
  });
});
