import { randomUUID } from 'node:crypto';
import { Backfill, type ProcessBackfill } from 'nestjs-backfill';
import {
  KeyNotIndexedError,
  NotInDatabaseError,
  RowsHiddenError,
  TableMismatchError,
} from 'nestjs-backfill/errors';
import { inspectTable, type TableFacts } from '../../../libs/backfill/src/backfills/batch/table.inspector.ts';
import type { BackfillDefinition } from '../../../libs/backfill/src/backfills/definition/definition.ts';
import { BackfillRegistry } from '../../../libs/backfill/src/backfills/definition/backfill.registry.ts';
import { Session } from '../../../libs/backfill/src/postgres/session.ts';
import { Stage } from '../../support/applications/stage.ts';
import { Thing } from '../../support/tables/things.ts';

@Backfill<Thing>({ name: 'things', entity: Thing, where: 'note IS NULL' })
class Things implements ProcessBackfill<Thing> {
  process() {
    return Promise.resolve();
  }
}

describe('what the catalogs of the database tell about a table', () => {
  const stage = Stage.for({ entities: [Thing], backfills: [Things] });
  const role = `reader_${randomUUID().slice(0, 8)}`;
  let session: Session;
  beforeEach(async () => {
    await stage.query(`CREATE ROLE "${role}"`);
    session = await Session.open(declared().dataSource);
  });
  afterEach(async () => {
    await session.send([{ text: 'RESET ROLE' }]);
    await session.close();
    await stage.query(`DROP TABLE IF EXISTS things, parents CASCADE; DROP VIEW IF EXISTS seen;
      DROP TYPE IF EXISTS pair CASCADE; DROP DOMAIN IF EXISTS outer_number, inner_number CASCADE;
      DROP OWNED BY "${role}" CASCADE; DROP ROLE "${role}"`);
  });

  function declared(): BackfillDefinition {
    const [definition] = stage.application.context.get(BackfillRegistry).definitions;
    if (!definition) throw new TypeError('no backfill is declared');
    return definition;
  }
  const columns = (...names: string[]) =>
    names.map((name) => {
      const column = declared().metadata.columns.find(({ databaseName }) => databaseName === name);
      if (!column) throw new TypeError(`no column ${name}`);
      return column;
    });
  /** @param changed of the definition, e.g. its key */
  const inspect = (changed: Partial<BackfillDefinition> = {}): Promise<TableFacts> =>
    inspectTable(session, { ...declared(), ...changed } as BackfillDefinition);
  const keyOf = async (...names: string[]) =>
    (await inspect({ key: columns(...names) })).key.map(({ databaseName }) => databaseName).join(' ');

  it.each([
    ['of the primary key', 'PRIMARY KEY (a, b)', '', 'a b'],
    ['of the primary key, in its order', 'PRIMARY KEY (b, a)', '', 'b a'],
    ['of a unique index', 'UNIQUE (b, a)', '', 'b a'],
    ['of an index', '', 'CREATE INDEX ON things (b, a)', 'b a'],
    ['of an index with more columns', '', 'CREATE INDEX ON things (b, a, note)', 'b a'],
    ['of an index backwards', '', 'CREATE INDEX ON things (b DESC, a DESC)', 'b a'],
    ['of the entity, if an index has it', 'PRIMARY KEY (b, a)', 'CREATE INDEX ON things (a, b)', 'a b'],
    ['of the primary key before others', 'PRIMARY KEY (b, a)', 'CREATE INDEX ON things (b, a)', 'b a'],
    ['of the entity without a usable index', '', 'CREATE INDEX ON things (b, a DESC)', 'a b'],
    ['of the entity if the index is partial', '', 'CREATE INDEX ON things (b, a) WHERE a > 0', 'a b'],
    ['of the entity if the index is no B-tree', '', 'CREATE INDEX ON things USING brin (b, a)', 'a b'],
    ['of the entity if the index has other columns first', '', 'CREATE INDEX ON things (b, note, a)', 'a b'],
    ['of the entity if the index only includes one', '', 'CREATE INDEX ON things (b) INCLUDE (a)', 'a b'],
    ['of the entity if the index has an expression', '', 'CREATE INDEX ON things (b, (a + 1))', 'a b'],
  ])('the key has the order %s', async (_, constraint, index, order) => {
    await stage.query(
      `CREATE TABLE things (a int, b int, tenant int, note text${constraint && `, ${constraint}`}); ${index}`,
    );
    expect(await keyOf('a', 'b')).toBe(order);
  });

  it('a large table without an index of its key is refused, also if only its partitions are large', async () => {
    const rows = `INSERT INTO things SELECT n, 1, 1, repeat('x', 900) FROM generate_series(1, 10000) AS n; ANALYZE things`;
    await stage.query(`CREATE TABLE things (a int, b int, tenant int, note text); ${rows}`);
    await expect(keyOf('a')).rejects.toThrow(KeyNotIndexedError);
    await stage.query('CREATE INDEX ON things (a)');
    expect(await keyOf('a')).toBe('a');
    await stage.query(`DROP TABLE things; CREATE TABLE things (a int, b int, tenant int, note text) PARTITION BY LIST (b);
      CREATE TABLE things_1 PARTITION OF things FOR VALUES IN (1); ${rows}; ANALYZE things_1`);
    await expect(keyOf('a')).rejects.toThrow(KeyNotIndexedError);
  });

  it.each([
    ['tenant, a', 'tenant', true],
    ['tenant, a, b', 'tenant', true],
    ['a, tenant', 'tenant', false],
    ['tenant, b', 'tenant', false],
    ['tenant, a', 'b', false],
  ])('an index on %s serves the rows of one %s: %s', async (indexed, tenant, isIndexed) => {
    await stage.query(
      `CREATE TABLE things (a int PRIMARY KEY, b int, tenant int, note text); CREATE INDEX ON things (${indexed})`,
    );
    const [column] = columns(tenant);
    expect((await inspect({ tenant: column ?? null })).isTenantIndexed).toBe(isIndexed);
  });

  it('the types of columns are those of the database, for a domain also the type below it', async () => {
    await stage.query(`CREATE DOMAIN inner_number AS int; CREATE DOMAIN outer_number AS inner_number; CREATE TYPE pair AS (x int, y int);
      CREATE TABLE things (a int PRIMARY KEY, b outer_number, tenant pair, note varchar(40))`);
    const facts = await inspect();
    const types = columns('a', 'b', 'tenant', 'note').map((column) => [
      facts.typeOf(column),
      facts.baseTypeOf(column),
    ]);
    expect(types).toEqual([
      ['integer', 'integer'],
      ['outer_number', 'integer'],
      ['pair', 'record'],
      ['character varying(40)', 'character varying'],
    ]);
    await stage.query('ALTER TABLE things DROP COLUMN note');
    const [note] = columns('note');
    const later = await inspect();
    expect(() => note && later.typeOf(note)).toThrow(NotInDatabaseError);
    expect(() => note && later.typeOf(note)).toThrow('the column "note" of "things" does not exist');
  });

  it('operators of a type that another schema could shadow have the schema of the index', async () => {
    await stage.query('CREATE TABLE things (a int PRIMARY KEY, b text, tenant varchar(5), note int[])');
    const facts = await inspect();
    const operators = ['a', 'b', 'tenant', 'note'].map((name) => facts.operator('>', columns(name)));
    expect(operators).toEqual(['>', '>', 'OPERATOR(pg_catalog.>)', 'OPERATOR(pg_catalog.>)']);
    expect(facts.operator('<=', columns('a', 'tenant'))).toBe('OPERATOR(pg_catalog.<=)');
    expect(facts.operator('=', columns('a', 'b'))).toBe('=');
  });

  it.each([
    ['', false],
    [' PARTITION BY RANGE (a)', true],
  ])('a table%s has child tables: %s', async (partitioned, hasChildTables) => {
    await stage.query(`CREATE TABLE things (a int PRIMARY KEY, b int, tenant int, note text)${partitioned}`);
    expect(await inspect()).toMatchObject({ hasChildTables, hasDeferredTriggers: false, cascades: null });
  });

  it('an inherited table has child tables, and a deferred constraint runs at COMMIT', async () => {
    await stage.query(`CREATE TABLE parents (id int PRIMARY KEY);
      CREATE TABLE things (a int PRIMARY KEY, b int REFERENCES parents DEFERRABLE INITIALLY DEFERRED, tenant int, note text);
      CREATE TABLE things_child () INHERITS (things)`);
    expect(await inspect()).toMatchObject({ hasChildTables: true, hasDeferredTriggers: true });
  });

  it('the foreign keys through which a purge or an update reaches other rows', async () => {
    await stage.query(`CREATE TABLE things (a int PRIMARY KEY, b int UNIQUE, tenant int, note text);
      CREATE TABLE parents (id int PRIMARY KEY REFERENCES things (a) ON DELETE CASCADE,
        b int REFERENCES things (b) ON UPDATE CASCADE ON DELETE SET NULL, c int REFERENCES things (a));
      CREATE INDEX ON parents (b)`);
    const reached = async (changed: Partial<BackfillDefinition>) =>
      (await inspect(changed)).cascades?.cascades.map(({ event, action, effect, isIndexed }) =>
        [event, action, effect, isIndexed ? 'indexed' : 'not indexed'].join(' '),
      );
    const set = (...names: string[]) =>
      ({ kind: 'set', assignments: names.map((column) => ({ column, expression: '1' })) }) as const;
    expect((await reached({ kind: 'purge' }))?.sort()).toEqual([
      'DELETE CASCADE deleted indexed',
      'DELETE SET NULL updated indexed',
    ]);
    expect(await reached(set('"note"', '"b"'))).toEqual(['UPDATE CASCADE updated indexed']);
    expect(await reached(set('"note"'))).toBeUndefined();
    expect(await reached({ kind: 'process' })).toBeUndefined();
  });

  it('a table that does not exist, or is a view, is refused', async () => {
    await expect(inspect()).rejects.toThrow(NotInDatabaseError);
    await stage.query('CREATE VIEW seen AS SELECT 1 AS a');
    await expect(inspect({ table: 'seen' })).rejects.toThrow(TableMismatchError);
  });

  it('a key whose text depends on the settings of a session is refused, also below a domain', async () => {
    await stage.query(
      `CREATE DOMAIN inner_number AS timestamp[]; CREATE TYPE pair AS (x int, y int);
      CREATE TABLE things (a timestamptz[] PRIMARY KEY, b inner_number, tenant pair, note text)`,
    );
    await expect(keyOf('a')).rejects.toThrow(
      'has the type timestamp with time zone[], whose text depends on',
    );
    await expect(keyOf('b')).rejects.toThrow('has the type inner_number, whose text depends on');
    await expect(keyOf('tenant')).rejects.toThrow('has the type pair, whose text depends on');
    expect(await keyOf('note')).toBe('note');
  });

  describe('of a role under row-level security', () => {
    const visible = async (...policies: string[]) => {
      await stage.query(`CREATE TABLE things (a int PRIMARY KEY, b int, tenant int, note text);
        ALTER TABLE things ENABLE ROW LEVEL SECURITY; GRANT SELECT ON things TO "${role}";
        ${policies.map((policy, at) => `CREATE POLICY p${at} ON things ${policy};`).join('\n')}`);
      await session.send([{ text: `SET ROLE "${role}"` }]);
      return inspect().then(
        () => true,
        (error: unknown) => {
          expect(error).toBeInstanceOf(RowsHiddenError);
          expect(String(error)).toContain(role);
          return false;
        },
      );
    };

    it.each([
      [['USING (true)'], true],
      [['FOR SELECT USING (true)'], true],
      [[`TO "${role}" USING (true)`], true],
      [['USING (true)', 'USING (tenant = 1)'], true],
      [['USING (true)', 'FOR UPDATE USING (false)'], true],
      [[], false],
      [['USING (tenant = 1)'], false],
      [['FOR UPDATE USING (true)'], false],
      [['TO pg_monitor USING (true)'], false],
      [['USING (true)', 'AS RESTRICTIVE USING (tenant = 1)'], false],
    ])('with the policies %j, every row is visible: %s', async (policies, isVisible) => {
      expect(await visible(...policies)).toBe(isVisible);
    });
  });
});
