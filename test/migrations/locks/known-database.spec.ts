import { loadClassifier, type LockCatalog, type LockLookups } from 'nestjs-backfill-sql';
import { Column, DataSource, Entity, PrimaryColumn } from 'typeorm';
import { partitionsOf } from '../../../libs/backfill/src/migrations/guard/partition.reader.ts';
import { readRoutines } from '../../../libs/backfill/src/migrations/guard/routine.reader.ts';
import {
  catalogOfEntities,
  readLockCatalog,
} from '../../../libs/backfill/src/migrations/locks/lock-catalog.ts';
import { LockWitness } from '../../../libs/backfill/src/migrations/locks/lock-witness.ts';
import { TestDatabase } from '../../support/server/database.ts';

@Entity({ name: 'leads', schema: 'crm' })
class Lead {
  @PrimaryColumn({ type: 'int' })
  id!: number;
  @Column({ name: 'full_name', type: 'text' })
  fullName!: string;
}

const SCHEMA = `
  CREATE SCHEMA crm;
  CREATE DOMAIN label AS varchar(20);
  CREATE DOMAIN inner_label AS label;
  CREATE DOMAIN positive AS int CHECK (VALUE > 0);
  CREATE DOMAIN inner_positive AS positive;
  CREATE DOMAIN needed AS int NOT NULL;
  CREATE TABLE crm.leads (id int PRIMARY KEY, full_name varchar(50) NOT NULL, "Odd ""Name" text, note label, score numeric(8,2),
    checked text, unproved text, gone int, CONSTRAINT named CHECK ("Odd ""Name" IS NOT NULL AND checked IS NOT NULL),
    CHECK (unproved IS NOT NULL OR id > 0));
  ALTER TABLE crm.leads DROP COLUMN gone;
  ALTER TABLE crm.leads ADD CONSTRAINT later CHECK (score IS NOT NULL) NOT VALID;
  CREATE INDEX leads_score ON crm.leads (score, note);
  CREATE TABLE plain (id int);
  CREATE SEQUENCE used_numbers; CREATE SEQUENCE free_numbers OWNED BY plain.id;
  CREATE TABLE crm.counted (no int DEFAULT nextval('used_numbers'), at int DEFAULT 1);
  CREATE TABLE many (id int); INSERT INTO many SELECT generate_series(1, 10001); CREATE TABLE few AS SELECT * FROM many LIMIT 10000;
  CREATE TABLE wide (text text); ALTER TABLE wide ALTER text SET STORAGE EXTERNAL;
  INSERT INTO wide SELECT repeat('x', 2000000) FROM generate_series(1, 6);
  CREATE TABLE hidden (id int); ALTER TABLE hidden ENABLE ROW LEVEL SECURITY;
  CREATE TABLE hidden_many (id int); ALTER TABLE hidden_many ENABLE ROW LEVEL SECURITY;
  INSERT INTO hidden_many SELECT generate_series(1, 10001); ANALYZE hidden_many, hidden;
  CREATE TABLE hidden_unknown (id int); ALTER TABLE hidden_unknown ENABLE ROW LEVEL SECURITY;
  CREATE MATERIALIZED VIEW summary AS SELECT 1 AS a WITH NO DATA;
  CREATE VIEW seen AS SELECT 1 AS a;
  CREATE TABLE parts (id int) PARTITION BY RANGE (id);
  CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (1) TO (9) PARTITION BY RANGE (id);
  CREATE TABLE crm.parts_1_1 PARTITION OF parts_1 FOR VALUES FROM (1) TO (5);
  CREATE TABLE crm.parts_rest PARTITION OF parts DEFAULT; INSERT INTO parts SELECT generate_series(9, 10020);
  CREATE FUNCTION still() RETURNS int LANGUAGE sql STABLE AS 'SELECT 1';
  CREATE FUNCTION moving() RETURNS int LANGUAGE sql VOLATILE AS 'SELECT 1';
  CREATE FUNCTION moving(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
  CREATE FUNCTION crm.fill() RETURNS int LANGUAGE plpgsql AS 'BEGIN PERFORM crm.inner_fill(); RETURN 1; END';
  CREATE FUNCTION crm.inner_fill() RETURNS int LANGUAGE sql AS 'DELETE FROM plain RETURNING id';
  CREATE PROCEDURE purge() LANGUAGE plpgsql AS 'BEGIN DELETE FROM plain; CALL purge(); END';
  CREATE AGGREGATE total (int) (SFUNC = int4pl, STYPE = int);
`;

describe('what a migration knows about the database before it sends a statement', () => {
  let database: TestDatabase;
  let dataSource: DataSource;
  beforeAll(async () => {
    database = await TestDatabase.create();
    await database.query(SCHEMA);
    dataSource = await new DataSource({ type: 'postgres', url: database.url, entities: [Lead] }).initialize();
  });
  afterAll(async () => {
    await dataSource.destroy();
    await database.drop();
  });

  const query = (sql: string, parameters?: unknown[]) =>
    dataSource.query<Record<string, unknown>[]>(sql, parameters);
  const read = (lookups: Partial<LockLookups>): Promise<LockCatalog> =>
    readLockCatalog(query, dataSource, { tables: [], indexes: [], functions: [], types: [], ...lookups });
  const leads = { schema: 'crm', name: 'leads' };

  it('the columns of a table: types, NOT NULL, indexes and CHECKs', async () => {
    const table = (await read({ tables: [leads] })).table(leads);
    const type = (name: string, ...modifiers: number[]) => ({ name, modifiers, isArray: false });
    const plain = { notNull: false, isIndexed: false, isChecked: false, isIdentity: false, provenBy: [] };
    expect(Object.fromEntries(table?.columns ?? [])).toEqual({
      id: { ...plain, type: type('int4'), notNull: true, isIndexed: true, isChecked: true },
      full_name: { ...plain, type: type('varchar', 50), notNull: true },
      'Odd "Name': { ...plain, type: type('text'), isChecked: true, provenBy: ['named'] },
      // A domain has the type below it.
      note: { ...plain, type: type('varchar', 20), isIndexed: true },
      score: { ...plain, type: type('numeric', 8, 2), isIndexed: true },
      checked: { ...plain, type: type('text'), isChecked: true, provenBy: ['named'] },
      unproved: { ...plain, type: type('text'), isChecked: true },
    });
    expect(table).toMatchObject({ hasCheck: true, isPartitioned: false, isSmall: true });
    expect(table).not.toHaveProperty('defaultPartition');
  });

  it.each([
    ['few', true],
    ['many', false],
    ['wide', false],
    ['parts', false],
    ['parts_1', true],
    ['summary', true],
    ['hidden', true],
    ['hidden_many', false],
    ['hidden_unknown', undefined],
    ['seen', undefined],
  ])('whether %s is small: %s', async (name, isSmall) => {
    expect((await read({ tables: [{ name }] })).table({ name })?.isSmall).toBe(isSmall);
  });

  it('the partitions of a table, and the default partition as a table of its own', async () => {
    const catalog = await read({ tables: [{ name: 'parts' }, { name: 'plain' }] });
    const rest = { schema: 'crm', name: 'parts_rest' };
    expect(catalog.table({ name: 'parts' })).toMatchObject({ isPartitioned: true, defaultPartition: rest });
    expect(catalog.table(rest)).toMatchObject({ isSmall: false, isPartitioned: false });
    expect(catalog.table({ name: 'plain' })).toMatchObject({ hasCheck: false, isPartitioned: false });
  });

  it('the columns whose defaults take their numbers from a sequence', async () => {
    const [used, free] = [{ name: 'used_numbers' }, { name: 'free_numbers' }];
    const catalog = await read({ tables: [used, free] });
    expect(catalog.table(used)?.usedBy).toEqual([
      { table: { schema: 'crm', name: 'counted' }, column: 'no' },
    ]);
    expect(catalog.table(free)?.usedBy).toEqual([]);
  });

  it('that a table does not exist; nothing of a table that was not looked up', async () => {
    const catalog = await read({ tables: [{ name: 'nothing' }] });
    expect(catalog.table({ name: 'nothing' })).toBeNull();
    expect(catalog.table({ name: 'plain' })).toBeUndefined();
  });

  it('the table and the columns of an index', async () => {
    const [index, table, missing] = ['leads_score', 'leads', 'nothing'].map((name) => ({
      schema: 'crm',
      name,
    }));
    const catalog = await read({ indexes: [index, table, missing].filter((name) => name !== undefined) });
    expect(index && catalog.tableOfIndex(index)).toEqual(leads);
    expect(index && catalog.columnsOfIndex?.(index)).toEqual(expect.arrayContaining(['score', 'note']));
    expect(table && catalog.tableOfIndex(table)).toBeNull();
    expect(missing && catalog.tableOfIndex(missing)).toBeNull();
    expect(catalog.tableOfIndex({ name: 'other' })).toBeUndefined();
    expect(catalog.table(leads)).toMatchObject({ isSmall: true });
  });

  it('whether a function is volatile, if any of its name is', async () => {
    const catalog = await read({ functions: ['still', 'crm.moving', 'nothing'] });
    expect(['still', 'moving', 'nothing'].map((name) => catalog.isVolatile(name))).toEqual([
      false,
      true,
      undefined,
    ]);
  });

  it('whether a domain has constraints, also those of the domain below it, and the type of a free one', async () => {
    const names = ['label', 'inner_label', 'positive', 'inner_positive', 'needed', 'text'];
    const catalog = await read({ types: names });
    expect(names.map((name) => catalog.isConstrainedDomain(name))).toEqual([
      false,
      false,
      true,
      true,
      true,
      false,
    ]);
    expect(catalog.baseOfFreeDomain?.('label')).toEqual({ name: 'varchar', modifiers: [20], isArray: false });
    for (const name of ['inner_label', 'positive', 'text'])
      expect(catalog.baseOfFreeDomain?.(name)).toBeUndefined();
  });

  it.each([
    ['UTC', true],
    ['Etc/UTC', true],
    ['GMT', true],
    ['Asia/Kolkata', false],
  ])('whether the time zone %s is UTC: %s', async (zone, isUtc) => {
    const inZone = (sql: string, parameters?: unknown[]) =>
      dataSource.transaction(async (manager) => {
        await manager.query(`SET LOCAL timezone = '${zone}'`);
        return manager.query<Record<string, unknown>[]>(sql, parameters);
      });
    const lookups = { tables: [{ name: 'plain' }], indexes: [], functions: [], types: [] };
    expect((await readLockCatalog(inZone, dataSource, lookups)).isUtc).toBe(isUtc);
  });

  it('the entity that reads a column', async () => {
    for (const catalog of [catalogOfEntities(dataSource), await read({})]) {
      expect(catalog.readerOf(leads, 'full_name')).toBe('the entity Lead');
      expect(catalog.readerOf({ name: 'leads' }, 'id')).toBe('the entity Lead');
      expect(catalog.readerOf(leads, 'score')).toBeUndefined();
      expect(catalog.readerOf({ schema: 'app', name: 'leads' }, 'id')).toBeUndefined();
      expect(catalog.readerOf({ name: 'plain' }, 'id')).toBeUndefined();
    }
    expect(catalogOfEntities(dataSource).table(leads)).toBeUndefined();
  });

  it('the partitions of exempt tables, at any depth', async () => {
    const tables = [
      { name: 'parts_1' },
      { schema: 'crm', name: 'parts_1_1' },
      { name: 'plain' },
      { name: 'nothing' },
    ];
    expect(await partitionsOf(query, tables, ['other', 'parts'])).toEqual(['parts_1', 'crm.parts_1_1']);
    expect(await partitionsOf(query, tables, ['public.parts_1'])).toEqual(['parts_1', 'crm.parts_1_1']);
    expect(await partitionsOf(query, tables, ['crm.parts_1', 'nothing'])).toEqual([]);
    expect(await partitionsOf(query, tables, ['plain'])).toEqual(['plain']);
  });

  it('what a called routine does, and those that it calls', async () => {
    const classifier = await loadClassifier();
    const called = async (sql: string) => {
      const calls = classifier.classify(sql).statements.flatMap((statement) => statement.calls);
      const routines = await readRoutines(query, classifier, calls);
      return routines.map(({ name, body }) => [name, ...body.findings.map(({ operation }) => operation)]);
    };
    expect(await called('SELECT crm.fill()')).toEqual([['fill'], ['inner_fill', 'delete']]);
    expect(await called('CALL purge()')).toEqual([['purge', 'delete']]);
    expect(await called('SELECT total(1), nothing(), lower(name)')).toEqual([]);
  });

  it('that an earlier statement of the transaction wrote a table again', async () => {
    const classifier = await loadClassifier();
    const runner = dataSource.createQueryRunner();
    const send = (sql: string, parameters?: unknown[]) =>
      runner.query(sql, parameters) as Promise<Record<string, unknown>[]>;
    const witness = new LockWitness();
    await runner.startTransaction();
    await witness.begin(send, { newestId: Number.MAX_SAFE_INTEGER, isUnchanged: true });
    for (const sql of ['ALTER TABLE plain ALTER id TYPE bigint', 'ALTER TABLE plain ADD note text']) {
      await witness.prepare(send);
      const startedAt = performance.now();
      await send(sql);
      witness.note({ startedAt, statements: classifier.classify(sql).statements });
      await witness.settle(send);
    }
    await runner.rollbackTransaction();
    await runner.release();
    witness.release();
    expect(witness.locks).toMatchObject([
      { relation: 'public.plain', mode: 'AccessExclusiveLock', rewritten: true },
    ]);
  });
});
