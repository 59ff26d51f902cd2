import { Inject, Injectable, Module, Scope, type Type } from '@nestjs/common';
import { getDataSourceToken } from '@nestjs/typeorm';
import {
  Backfill,
  BackfillModule,
  DependencyCycleError,
  DuplicateBackfillNameError,
  InvalidBackfillOptionError,
  InvalidPredicateError,
  KeyChangedError,
  MissingPrimaryKeyError,
  PredicateNotFalsifiedError,
  RequestScopedBackfillError,
  UnclearBackfillKindError,
  UnknownColumnError,
  UnknownDataSourceError,
  UnknownDependencyError,
  UnknownEntityError,
  UnsupportedDatabaseError,
  type BackfillError,
  type BackfillModuleOptions,
  type SetBackfill,
} from 'nestjs-backfill';
import { And, DataSource, EntitySchema, Equal, In, IsNull, LessThan, Not } from 'typeorm';
import { Test } from '@nestjs/testing';
import { TestApplication } from '../../support/application.ts';
import { Contact, LEAD_TABLES, Lead } from '../../support/lead-tables.ts';
import { TestDatabase } from '../../support/database.ts';
import { declared, refusal } from '../../support/refusal.ts';

/** TypeORM itself lets an entity without a key through only where it maps a view. */
const KeylessView = new EntitySchema<{ name: string }>({
  name: 'KeylessView',
  type: 'view',
  expression: 'SELECT 1',
  columns: { name: { type: 'text' } },
});

const OPTIONS = { name: 'leads-search-name', entity: Lead, where: { searchName: IsNull() } };
const SET = { set: () => ({ searchName: 'lower(name)' }) };

describe('a declaration that cannot work is refused at start-up:', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await TestDatabase.create();
  });

  afterAll(async () => {
    await database.drop();
  });

  const refusalOf = (
    backfills: readonly Type[],
    module: BackfillModuleOptions = {},
  ): Promise<BackfillError> =>
    refusal({
      database,
      entities: [...LEAD_TABLES, KeylessView],
      backfills,
      module,
      synchronize: false,
    });

  /** Each error names the class (or the backfill) and the option, and closes with what to do. */
  const expectRefusal = (
    error: BackfillError,
    expected: abstract new (...args: never[]) => BackfillError,
    { names, remedy }: { readonly names: readonly string[]; readonly remedy: RegExp },
  ): void => {
    expect(error).toBeInstanceOf(expected);
    expect(error.name).toBe(expected.name);
    for (const name of names) expect(error.message).toContain(name);
    expect(error.remedy).toMatch(remedy);
    expect(error.message.endsWith(error.remedy)).toBe(true);
  };

  it('one name for two classes', async () => {
    const other = declared('Other', OPTIONS, SET);
    expectRefusal(await refusalOf([declared('One', OPTIONS, SET), other]), DuplicateBackfillNameError, {
      names: ['leads-search-name', 'One', 'Other'],
      remedy: /give one of them another `name`/,
    });
  });

  it('one class provided by two modules', async () => {
    const One = declared('One', OPTIONS, SET);
    @Module({ providers: [One] })
    class Feature {}
    const error = await refusal({ database, entities: LEAD_TABLES, backfills: [One], imports: [Feature] });
    expectRefusal(error, DuplicateBackfillNameError, {
      names: ['One', 'leads-search-name', 'more than one module'],
      remedy: /one module only/,
    });
  });

  it.each([undefined, '', 'Leads', 'leads search', '-leads', 'leads--name', 'l'.repeat(201), 7])(
    'the name %p',
    async (name) => {
      expectRefusal(
        await refusalOf([declared('One', { ...OPTIONS, name }, SET)]),
        InvalidBackfillOptionError,
        {
          names: ['One', '`name`'],
          remedy: /lower case letters and digits/,
        },
      );
    },
  );

  it.each([
    [{ wrkers: 4 }, '`wrkers`', /^Did you mean `workers`\? The options are name, /],
    [{ catchUp: { cron: '0 * * * *', jiter: 5 } }, '`catchUp.jiter`', /^Did you mean `jitter`\?/],
    [
      { canary: { tenants: ['1'], then: 'wait', tenats: [] } },
      '`canary.tenats`',
      /^Did you mean `tenants`\?/,
    ],
    [{ colour: 'red' }, '`colour`', /^The options are name, /],
  ])('an option that does not exist: %j', async (options, named, remedy) => {
    const error = await refusalOf([declared('One', { ...OPTIONS, ...options }, SET)]);
    expectRefusal(error, InvalidBackfillOptionError, { names: ['One', named], remedy });
  });

  it.each([
    [{ throttle: false }, '`throttle`', /^Did you mean `throttles`\?/],
    [{ defaults: { batchsize: 4 } }, '`defaults.batchsize`', /^Did you mean `batchSize`\?/],
    [{ migrations: { grandfatherd: [] } }, '`migrations.grandfatherd`', /^Did you mean `grandfathered`\?/],
    [{ migrations: { policy: { lockTimout: 5 } } }, '`migrations.policy.lockTimout`', /`lockTimeout`/],
    [{ catchUp: { cron: '0 * * * *', shutdownTimeot: 5 } }, '`catchUp.shutdownTimeot`', /`shutdownTimeout`/],
  ])('an option of the module that does not exist: %j', async (module, named, remedy) => {
    const error = await refusalOf([declared('One', OPTIONS, SET)], module as BackfillModuleOptions);
    expectRefusal(error, InvalidBackfillOptionError, { names: ['BackfillModule', named], remedy });
  });

  it.each([0, -1, 1.5, '2', Number.NaN, 2 ** 31])('the version %p', async (version) => {
    expectRefusal(
      await refusalOf([declared('One', { ...OPTIONS, version }, SET)]),
      InvalidBackfillOptionError,
      {
        names: ['One', '`version`'],
        remedy: /whole number/,
      },
    );
  });

  it.each([
    ['batchSize', 0],
    ['batchSize', 1e9],
    ['maxBatchSize', 100],
    ['targetDuration', 0],
    ['pause', -1],
    ['pause', 'sometimes'],
    ['workers', 0],
    ['maxWorkers', 1.5],
    ['lockTimeout', 0],
    ['lockTimeout', '60s'],
    ['statementTimeout', Number.POSITIVE_INFINITY],
    ['idleInTransactionTimeout', 0],
    ['maxQuarantined', -1],
    ['progressEvery', 0],
    ['synchronousCommit', 'sometimes'],
  ])('%s: %p, of a backfill and of the module', async (option, value) => {
    const backfill = await refusalOf([declared('One', { ...OPTIONS, [option]: value }, SET)]);
    expectRefusal(backfill, InvalidBackfillOptionError, {
      names: ['One', `\`${option}\``],
      remedy: /^Give /,
    });
    expect((backfill as InvalidBackfillOptionError).option).toBe(option);
    const ofModule = await refusalOf([declared('One', OPTIONS, SET)], { defaults: { [option]: value } });
    expectRefusal(ofModule, InvalidBackfillOptionError, { names: [`${option}\``], remedy: /^Give / });
  });

  it("a duration as text among the module's defaults, in the module's name", async () => {
    const error = await refusalOf([declared('One', OPTIONS, SET)], { defaults: { pause: '20ms' as never } });
    expectRefusal(error, InvalidBackfillOptionError, {
      names: ['BackfillModule: the option `defaults.pause` is "20ms".'],
      remedy: /whole number of milliseconds from 0 to .*, as a number without quotes and unit, or 'auto'\.$/,
    });
  });

  it.each([
    ['schema', ''],
    ['schema', 'x'.repeat(64)],
    ['schema', 7],
    ['leaseDuration', 999],
    ['leaseDuration', Number.NaN],
  ])('the module option %s: %p', async (option, value) => {
    expectRefusal(await refusalOf([], { [option]: value }), InvalidBackfillOptionError, {
      names: ['BackfillModule', `\`${option}\``],
      remedy: /^Give /,
    });
  });

  it.each([
    ['set()', {}, { set: () => ({ serchName: 'x' }) }],
    ['tenant', { tenant: 'tenant' }, SET],
    ['reads', { reads: ['nmae'], writes: ['searchName'] }, { transform: () => [] }],
    ['writes', { writes: ['nmae'] }, { transform: () => [] }],
    ['reads', { reads: ['nmae'] }, { process: () => undefined }],
    ['conflict', { into: Contact, conflict: ['nmae'] }, { copy: () => ({ leadId: '1' }) }],
    ['copy()', { into: Contact }, { copy: () => ({ nmae: '1' }) }],
    ['where', { where: (row: Record<string, string>) => `${row['nmae']} IS NULL` }, SET],
  ])('a column in %s that the entity does not have', async (option, options, code) => {
    const error = await refusalOf([declared('One', { ...OPTIONS, ...options }, code)]);
    expectRefusal(error, UnknownColumnError, { names: ['One', option], remedy: /one of its properties: .+/ });
  });

  it('a column in the conditions of where that the entity does not have', async () => {
    const where = [{ searchName: IsNull() }, { nmae: IsNull() }];
    expectRefusal(await refusalOf([declared('One', { ...OPTIONS, where }, SET)]), UnknownColumnError, {
      names: ['One', 'where', 'nmae'],
      remedy: /one of its properties: .*searchName/,
    });
  });

  it('a column that a sub-query of set() names through the row', async () => {
    const set = (row: Record<string, string>) => ({ searchName: `(SELECT ${row['nmae']})` });
    expectRefusal(await refusalOf([declared('One', OPTIONS, { set })]), UnknownColumnError, {
      names: ['One', 'set', 'nmae'],
      remedy: /one of its properties/,
    });
  });

  it('an entity that the data source does not know, as `entity` and as `into`', async () => {
    class Stranger {}
    const entity = await refusalOf([declared('One', { ...OPTIONS, entity: Stranger }, SET)]);
    expectRefusal(entity, UnknownEntityError, { names: ['One', 'Stranger', '`entity`'], remedy: /entities/ });
    const code = { copy: () => ({ leadId: '1' }) };
    const into = await refusalOf([declared('One', { ...OPTIONS, into: Stranger }, code)]);
    expectRefusal(into, UnknownEntityError, { names: ['One', 'Stranger', '`into`'], remedy: /entities/ });
  });

  it('an entity of another data source, which is told by its name', async () => {
    const Elsewhere = new EntitySchema({
      name: 'Elsewhere',
      columns: { id: { type: 'int', primary: true } },
    });
    const error = await refusalOf([declared('One', { ...OPTIONS, entity: Elsewhere }, SET)]);
    expectRefusal(error, UnknownEntityError, {
      names: ['One', 'Elsewhere', '"default"'],
      remedy: /entities/,
    });
  });

  it('no entity at all', async () => {
    const error = await refusalOf([declared('One', { ...OPTIONS, entity: undefined }, SET)]);
    expectRefusal(error, UnknownEntityError, { names: ['One', '`entity`'], remedy: /entities/ });
  });

  it('a data source that the application does not have', async () => {
    const error = await refusalOf([declared('One', { ...OPTIONS, dataSource: 'archive' }, SET)]);
    expectRefusal(error, UnknownDataSourceError, {
      names: ['One', '"archive"', '"default"'],
      remedy: /`dataSource`.*TypeOrmModule/,
    });
  });

  it('a data source that is not PostgreSQL', async () => {
    const sqlite = new DataSource({ type: 'better-sqlite3', database: ':memory:', driver: {} });
    const error = await refusal({
      database,
      entities: LEAD_TABLES,
      backfills: [declared('One', { ...OPTIONS, dataSource: 'local' }, SET)],
      providers: [{ provide: getDataSourceToken('local'), useValue: sqlite }],
      synchronize: false,
    });
    expectRefusal(error, UnsupportedDatabaseError, {
      names: ['One', '"local"', 'better-sqlite3'],
      remedy: /PostgreSQL/,
    });
  });

  it('an entity without a primary key', async () => {
    const options = { name: 'one', entity: KeylessView, where: { name: IsNull() } };
    const error = await refusalOf([declared('One', options, { set: () => ({ name: `''` }) })]);
    expectRefusal(error, MissingPrimaryKeyError, { names: ['One', 'KeylessView'], remedy: /@PrimaryColumn/ });
  });

  it.each([
    ['set', {}, { set: () => ({ name: `'x'` }) }],
    ['transform', { writes: ['name'] }, { transform: () => [] }],
  ])('a pending predicate that %s() does not falsify', async (_, options, code) => {
    const error = await refusalOf([declared('One', { ...OPTIONS, ...options }, code)]);
    expectRefusal(error, PredicateNotFalsifiedError, {
      names: ['One', '"name"', 'search_name'],
      remedy: /`where`.*IsNull\(\)/,
    });
  });

  it.each([
    ['missing', undefined],
    ['empty', {}],
    ['empty', []],
    ['empty', [{ searchName: IsNull() }, {}]],
    ['empty', ' '],
    ['empty', ';'],
    ['empty', () => ''],
    ['a value undefined', { searchName: undefined }],
    ['a value null', { searchName: null }],
    ['an undefined among the alternatives', [{ searchName: IsNull() }, { name: undefined }]],
    ['a comparison with undefined', { searchName: IsNull(), name: LessThan(undefined) }],
    ['a negated undefined', { searchName: Not(Equal(undefined)) }],
    ['an empty list', { searchName: Not(In([])) }],
    ['a list with undefined', { searchName: In(['a', undefined]) }],
    ['an And with undefined', { searchName: And(Not(IsNull()), LessThan(undefined)) }],
    ['an invalid date', { searchName: LessThan(new Date('soon')) }],
    ['a number', 7],
    ['null', null],
    ['a function that returns nothing', () => undefined],
  ])('a pending predicate that is %s: %p', async (_, where) => {
    const error = await refusalOf([declared('One', { ...OPTIONS, where }, SET)]);
    expectRefusal(error, InvalidPredicateError, { names: ['One', '`where`'], remedy: /IsNull\(\)/ });
  });

  it('a request-scoped backfill', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class PerRequest {
      set = SET.set;
    }
    Backfill(OPTIONS)(PerRequest);
    Injectable({ scope: Scope.REQUEST })(PerRequest);
    expectRefusal(await refusalOf([PerRequest]), RequestScopedBackfillError, {
      names: ['PerRequest', 'request-scoped'],
      remedy: /default scope/,
    });
  });

  it('a backfill that depends on a request-scoped provider', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class CurrentUser {}
    @Backfill<Lead>(OPTIONS)
    class Dependent implements SetBackfill<Lead> {
      constructor(@Inject(CurrentUser) readonly user: CurrentUser) {}
      set = SET.set;
    }
    const error = await refusal({
      database,
      entities: LEAD_TABLES,
      backfills: [Dependent],
      providers: [CurrentUser],
      synchronize: false,
    });
    expectRefusal(error, RequestScopedBackfillError, { names: ['Dependent'], remedy: /default scope/ });
  });

  it('a transient backfill, of which there is no instance to run', async () => {
    class Transient {
      set = SET.set;
    }
    Backfill(OPTIONS)(Transient);
    Injectable({ scope: Scope.TRANSIENT })(Transient);
    expectRefusal(await refusalOf([Transient]), RequestScopedBackfillError, {
      names: ['Transient'],
      remedy: /default scope/,
    });
  });

  it('no kind', async () => {
    expectRefusal(await refusalOf([declared('One', OPTIONS, {})]), UnclearBackfillKindError, {
      names: ['One', 'set, transform, copy and process'],
      remedy: /exactly one of .*`kind: 'purge'`/,
    });
  });

  it.each([
    ['two methods', {}, { ...SET, process: () => undefined }, 'set and process'],
    ['purge and a method', { kind: 'purge' }, SET, 'purge and set'],
  ])('two kinds: %s', async (_, options, code, told) => {
    const error = await refusalOf([declared('One', { ...OPTIONS, ...options }, code)]);
    expectRefusal(error, UnclearBackfillKindError, { names: ['One', told], remedy: /exactly one of/ });
  });

  it('a kind that there is not', async () => {
    const error = await refusalOf([declared('One', { ...OPTIONS, kind: 'truncate' }, {})]);
    expectRefusal(error, InvalidBackfillOptionError, {
      names: ['One', '`kind`', 'truncate'],
      remedy: /purge/,
    });
  });

  it.each([
    ['set', {}, { set: () => ({ id: 'id + 1', searchName: 'name' }) }],
    ['transform', { writes: ['searchName', 'id'] }, { transform: () => [] }],
  ])('a %s() that writes the key', async (_, options, code) => {
    const error = await refusalOf([declared('One', { ...OPTIONS, ...options }, code)]);
    expectRefusal(error, KeyChangedError, { names: ['One', '"id"'], remedy: /`copy`.*`purge`/ });
  });

  it.each([
    ['set() returns no column', {}, { set: () => ({}) }, 'set()'],
    ['set() returns nothing', {}, { set: () => undefined }, 'set()'],
    ['set() returns a value instead of SQL', {}, { set: () => ({ searchName: 7 }) }, 'set()'],
    ['transform without `writes`', {}, { transform: () => [] }, 'writes'],
    ['copy without `into`', {}, { copy: () => ({ leadId: '1' }) }, 'into'],
    ['copy() without the key that tells', { into: Contact }, { copy: () => ({ label: 'name' }) }, 'conflict'],
    ['`writes` that is no list', { writes: 'searchName' }, { transform: () => [] }, 'writes'],
    ['dependsOn that is no list', { dependsOn: 'other' }, SET, 'dependsOn'],
    ['an order of tenants without `tenant`', { tenantOrder: 'round-robin' }, SET, 'tenantOrder'],
    ['an order that there is not', { tenant: 'tenantId', tenantOrder: 'largest-first' }, SET, 'tenantOrder'],
    [
      'a canary without tenants',
      { tenant: 'tenantId', canary: { tenants: [], then: 'wait' } },
      SET,
      'canary',
    ],
    [
      'a canary that leaves open what follows',
      { tenant: 'tenantId', canary: { tenants: ['7'] } },
      SET,
      'canary',
    ],
  ])('%s', async (_, options, code, option) => {
    const error = await refusalOf([declared('One', { ...OPTIONS, ...options }, code)]);
    expectRefusal(error, InvalidBackfillOptionError, { names: ['One', `\`${option}\``], remedy: /./ });
  });

  it('a dependency that is not declared', async () => {
    const error = await refusalOf([declared('One', { ...OPTIONS, dependsOn: ['other'] }, SET)]);
    expectRefusal(error, UnknownDependencyError, {
      names: ['leads-search-name', '"other"'],
      remedy: /`dependsOn`/,
    });
  });

  it('a cycle of dependencies, told as a path', async () => {
    const link = (name: string, dependsOn: string) =>
      declared(name, { ...OPTIONS, name, dependsOn: [dependsOn] }, SET);
    const error = await refusalOf([link('a', 'b'), link('b', 'c'), link('c', 'b')]);
    expectRefusal(error, DependencyCycleError, { names: ['b → c → b'], remedy: /`dependsOn`/ });
    expect((error as DependencyCycleError).cycle).toEqual(['b', 'c', 'b']);
  });

  it('a backfill that depends on itself', async () => {
    const options = { ...OPTIONS, dependsOn: [OPTIONS.name] };
    const error = await refusalOf([declared('One', options, SET)]);
    expectRefusal(error, DependencyCycleError, { names: [OPTIONS.name], remedy: /`dependsOn`/ });
  });
});

describe('the start of an application', () => {
  it('asks the database nothing: it succeeds before the migrations have run, and even without the database', async () => {
    const database = await TestDatabase.create();
    const dataSource = new DataSource({
      type: 'postgres',
      url: database.url,
      entities: [...LEAD_TABLES],
      logging: false,
    });
    await dataSource.initialize();
    expect(await database.query(`SELECT FROM pg_class WHERE relname = 'leads'`)).toEqual([]);
    await database.drop();
    const module = await Test.createTestingModule({
      imports: [BackfillModule.forRoot({})],
      providers: [{ provide: DataSource, useValue: dataSource }, declared('One', OPTIONS, SET)],
    }).compile();
    await expect(module.init()).resolves.toBeDefined();
    await module.close();
    await dataSource.destroy();
  });

  it('leaves an empty database as it was', async () => {
    const database = await TestDatabase.create();
    const application = await TestApplication.start({
      database,
      entities: LEAD_TABLES,
      backfills: [declared('One', OPTIONS, SET)],
      synchronize: false,
    });
    expect(
      await database.query(`SELECT nspname FROM pg_namespace WHERE nspname = 'nestjs_backfill'
        UNION ALL SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace`),
    ).toEqual([]);
    await application.stop();
    await database.drop();
  });
});
