import { Backfill, type SetBackfill } from 'nestjs-backfill';
import { inspectAccess } from '../../../../libs/backfill/src/backfills/batch/access.inspector.ts';
import { findCascades } from '../../../../libs/backfill/src/backfills/batch/cascade/cascade.inspector.ts';
import { inspectDeclaredIndex } from '../../../../libs/backfill/src/backfills/batch/declared-index.inspector.ts';
import { inspectFile } from '../../../../libs/backfill/src/backfills/batch/order/file.inspector.ts';
import { RowSelection } from '../../../../libs/backfill/src/backfills/batch/row-selection.ts';
import { inspectTable } from '../../../../libs/backfill/src/backfills/batch/table.inspector.ts';
import { BackfillRegistry } from '../../../../libs/backfill/src/backfills/definition/backfill.registry.ts';
import type { BackfillDefinition } from '../../../../libs/backfill/src/backfills/definition/definition.ts';
import { Ledger } from '../../../../libs/backfill/src/ledger/ledger.ts';
import { Session } from '../../../../libs/backfill/src/postgres/session.ts';
import { Stage } from '../../../support/applications/stage.ts';
import { Thing } from '../../../support/tables/things.ts';

@Backfill<Thing>({ name: 'things', entity: Thing, where: 'note IS NULL' })
class Things implements SetBackfill<Thing> {
  set() {
    return { note: `'x'` };
  }
}

/** A table beside the backfill's own, with its columns in another order, and constraints and indexes of the same kinds. */
const OTHERS = `CREATE TABLE others (note text NOT NULL CHECK (note <> ''), tenant int NOT NULL, b int NOT NULL, a int PRIMARY KEY);
  CREATE INDEX others_partial ON others (note) WHERE note IS NULL; CREATE INDEX others_note ON others (note)`;
const THINGS = 'CREATE TABLE things (a int PRIMARY KEY, b int, tenant int, note text)';

describe('what is read from the catalogs about a table, beside others of the same columns:', () => {
  const stage = Stage.for({ entities: [Thing], backfills: [Things] });
  let session: Session;
  beforeEach(async () => {
    await stage.query(OTHERS);
    session = await Session.open(declared().dataSource);
  });
  afterEach(async () => {
    await session.close();
    await stage.query('DROP TABLE IF EXISTS things, others, parents, rows_of_others CASCADE');
  });

  function declared(changed: Partial<BackfillDefinition> = {}): BackfillDefinition {
    const [definition] = stage.application.context.get(BackfillRegistry).definitions;
    if (!definition) throw new TypeError('no backfill is declared');
    return { ...definition, ...changed } as BackfillDefinition;
  }
  const pending = (sql: string) => ({ pending: { ...declared().pending, text: sql, sql } });

  describe('how PostgreSQL finds the pending rows', () => {
    const access = async (tables: string, where = 'note IS NULL') => {
      await stage.query(tables);
      const definition = declared(pending(where));
      const ledger = new Ledger({ schema: 'nestjs_backfill', owner: 'host:1:test', leaseMs: 60_000 });
      const facts = await inspectTable(session, definition);
      return inspectAccess(session, new RowSelection(definition, ledger.of(definition), facts, null));
    };

    it.each([
      ['without an index', '', { kind: 'scan' }],
      ['with an index of the column', 'CREATE INDEX i ON things (note)', { kind: 'index', name: 'i' }],
      [
        'with a partial index',
        'CREATE INDEX i ON things (b) WHERE note IS NULL',
        { kind: 'index', name: 'i' },
      ],
      ['with an index of another column', 'CREATE INDEX i ON things (b)', { kind: 'scan' }],
      [
        'with a partial index of other rows',
        `CREATE INDEX i ON things (b) WHERE note = ''`,
        { kind: 'scan' },
      ],
    ])('%s', async (_, index, found) => {
      expect(await access(`${THINGS}; ${index}`)).toEqual(found);
    });

    it('by a bitmap of two indexes, the first of which is named', async () => {
      const indexes = 'CREATE INDEX i ON things (note); CREATE INDEX j ON things (b)';
      const found = await access(`${THINGS}; ${indexes}`, `(note = 'x' OR b = 1)`);
      expect(['i', 'j']).toContain(found.kind === 'index' ? found.name : found.kind);
      await stage.query('DROP INDEX j');
      expect(await access('SELECT 1', `(note = 'x' OR b = 1)`)).toEqual({ kind: 'scan' });
    });

    it('in partitions: an index of each, or partial ones', async () => {
      const parts = `CREATE TABLE things (a int, b int, tenant int, note text) PARTITION BY RANGE (a);
        CREATE TABLE things_1 PARTITION OF things FOR VALUES FROM (0) TO (9);
        CREATE TABLE things_2 PARTITION OF things FOR VALUES FROM (9) TO (20);`;
      const one = `${parts} CREATE INDEX one ON things_1 (b) WHERE note IS NULL`;
      expect(await access(one)).toEqual({ kind: 'scan' });
      const both = 'CREATE INDEX two ON things_2 (b) WHERE note IS NULL';
      expect(await access(both)).toEqual({ kind: 'index', name: 'one' });
    });

    it('not at all, if a valid constraint contradicts the predicate, and which constraints may do so', async () => {
      const constraints = `ALTER TABLE things ALTER note SET NOT NULL, ALTER b SET NOT NULL,
        ADD CONSTRAINT of_note CHECK (note <> 'y' OR b > 0), ADD CONSTRAINT of_b CHECK (b > 0),
        ADD CONSTRAINT unproved CHECK (note <> 'z') NOT VALID, ADD CONSTRAINT unique_note UNIQUE (note)`;
      expect(await access(`${THINGS}; ${constraints}`)).toEqual({
        kind: 'impossible',
        by: 'NOT NULL of note and the constraint of_note',
      });
      expect(await access('SELECT 1', 'b < 0')).toEqual({
        kind: 'impossible',
        by: expect.stringMatching(
          /^NOT NULL of b and (the constraint of_note and )?the constraint of_b/,
        ) as string,
      });
      expect(await access('SELECT 1', 'false')).toEqual({
        kind: 'impossible',
        by: 'a constraint of the table',
      });
      expect(await access('SELECT 1', `note = 'z'`)).toMatchObject({ kind: 'index' });
    });

    it('a partitioned table may get a partition for such rows', async () => {
      const parts = `CREATE TABLE things (a int, b int, tenant int, note text) PARTITION BY RANGE (a)`;
      expect(await access(parts)).toEqual({ kind: 'scan' });
    });
  });

  describe('whether updates of its rows can be heap-only', () => {
    const note = [{ column: '"note"', expression: '1' }];
    const file = async (tables: string, changed: Partial<BackfillDefinition> = {}) => {
      await stage.query(tables);
      const [{ id } = { id: '' }] = await stage.query<{ id: string }>(
        `SELECT 'things'::regclass::oid::text AS id`,
      );
      return inspectFile(session, declared({ kind: 'set', assignments: note, ...changed }), { tableId: id });
    };

    it.each([
      ['an index of another column', 'CREATE INDEX i ON things (b)', null],
      ['an index of the column', 'CREATE INDEX i ON things (b, note)', 'i'],
      ['an index that includes it', 'CREATE INDEX i ON things (b) INCLUDE (note)', 'i'],
      ['an index of an expression of it', 'CREATE INDEX i ON things (lower(note))', 'i'],
      ['an index of an expression of another', 'CREATE INDEX i ON things (abs(b))', null],
      ['a partial index whose predicate has it', 'CREATE INDEX i ON things (b) WHERE note IS NULL', 'i'],
      [
        'the partial one of two',
        'CREATE INDEX h ON things (note); CREATE INDEX i ON things (b) WHERE note IS NULL',
        'i',
      ],
      ['the first of two by name', 'CREATE INDEX j ON things (note); CREATE INDEX i ON things (note)', 'i'],
      [
        'a column that is generated from it',
        'ALTER TABLE things ADD g text GENERATED ALWAYS AS (lower(note)) STORED; CREATE INDEX i ON things (g)',
        'i',
      ],
      [
        'a column that is generated from another',
        'ALTER TABLE things ADD g int GENERATED ALWAYS AS (abs(b)) STORED; CREATE INDEX i ON things (g)',
        null,
      ],
      [
        'a column whose default is like it',
        `ALTER TABLE things ADD d text DEFAULT lower('x'); CREATE INDEX i ON things (d)`,
        null,
      ],
    ])('%s', async (_, index, blocking) => {
      const notHeapOnly =
        blocking === null ? null : `the index "${blocking}" contains a column that it writes`;
      expect(await file(`${THINGS}; ${index}`)).toEqual({
        ...{ rowsPerPage: 50, pages: 0, blockingIndex: blocking, notHeapOnly },
        indexes: index.split('CREATE INDEX').length,
      });
    });

    it('a summarizing index counts before PostgreSQL 16', async () => {
      const [{ version } = { version: 0 }] = await stage.query<{ version: number }>(
        `SELECT current_setting('server_version_num')::int AS version`,
      );
      const { blockingIndex } = await file(`${THINGS}; CREATE INDEX i ON things USING brin (note)`);
      expect(blockingIndex).toBe(version >= 160_000 ? null : 'i');
    });

    it('a kind that updates no row, or whose columns are not known, says so', async () => {
      const purge = await file(`${THINGS}; CREATE INDEX i ON things (note)`, { kind: 'purge' });
      expect(purge).toMatchObject({ notHeapOnly: 'it updates no row of this table', blockingIndex: null });
      expect((await file('SELECT 1', { kind: 'copy' })).notHeapOnly).toBe('it updates no row of this table');
      expect((await file('SELECT 1', { kind: 'process' })).notHeapOnly).toBe(
        'the columns that its code writes are not known',
      );
      const written = declared().metadata.columns.filter(({ databaseName }) => databaseName === 'b');
      const transform = { kind: 'transform', writes: written, touched: [] } as const;
      expect((await file('SELECT 1', transform)).blockingIndex).toBeNull();
      expect((await file('SELECT 1', { ...transform, touched: note })).blockingIndex).toBe('i');
      const quoted = [{ column: '"odd ""name"""', expression: '1' }];
      await stage.query(
        'ALTER TABLE things ADD "odd ""name""" int; CREATE INDEX odd ON things ("odd ""name""")',
      );
      expect((await file('SELECT 1', { assignments: quoted })).blockingIndex).toBe('odd');
    });

    it('its rows per page and its pages', async () => {
      const rows = `INSERT INTO things (a, note) SELECT n, repeat('x', 380) FROM generate_series(1, 200) AS n`;
      expect(await file(`${THINGS}; ${rows}`)).toMatchObject({ rowsPerPage: 50, pages: 11 });
      const { rowsPerPage, pages } = await file('ANALYZE things');
      expect(pages).toBe(11);
      expect(rowsPerPage).toBeCloseTo(200 / 11, 3);
    });
  });

  describe('the foreign keys that react to its changes', () => {
    const cascades = async (tables: string, changed: Partial<BackfillDefinition> = { kind: 'purge' }) => {
      await stage.query(tables);
      return (await findCascades(session, declared(changed))).map(
        ({ table, event, action, effect, isIndexed, isOwnTable, files }) =>
          [table, event, action, effect, isIndexed && 'indexed', isOwnTable && 'own', files.length].join(' '),
      );
    };
    const update = (column: string) =>
      ({ kind: 'set', assignments: [{ column: `"${column}"`, expression: '1' }] }) as const;

    it('to any depth, but not those that refuse the change', async () => {
      const tables = `${THINGS}; ALTER TABLE things ADD up int REFERENCES things ON DELETE SET NULL;
        CREATE TABLE parents (a int PRIMARY KEY REFERENCES things ON DELETE CASCADE ON UPDATE CASCADE, c int UNIQUE REFERENCES things ON DELETE RESTRICT);
        CREATE TABLE rows_of_others (a int REFERENCES parents ON DELETE SET DEFAULT ON UPDATE SET NULL, c int REFERENCES parents (c) ON DELETE CASCADE, other int REFERENCES others ON DELETE CASCADE);
        CREATE INDEX ON rows_of_others (c, a); CREATE INDEX ON things (up) WHERE up > 0`;
      expect(await cascades(tables)).toEqual([
        'public.parents DELETE CASCADE deleted indexed false 1',
        'public.rows_of_others DELETE SET DEFAULT updated false false 1',
        'public.rows_of_others DELETE CASCADE deleted indexed false 1',
        'public.things DELETE SET NULL updated false own 1',
      ]);
      expect(await cascades('SELECT 1', update('a'))).toEqual([
        'public.parents UPDATE CASCADE updated indexed false 1',
        'public.rows_of_others UPDATE SET NULL updated false false 1',
      ]);
      expect(await cascades('SELECT 1', update('b'))).toEqual([]);
      expect(await cascades('SELECT 1', { kind: 'copy' })).toEqual([]);
      await stage.query('DROP INDEX rows_of_others_c_a_idx; CREATE INDEX ON rows_of_others (a, other)');
      expect(await cascades('SELECT 1', update('a'))).toContain(
        'public.rows_of_others UPDATE SET NULL updated indexed false 1',
      );
    });

    it('of partitioned tables, and from them', async () => {
      const tables = `CREATE TABLE things (a int PRIMARY KEY, b int, tenant int, note text) PARTITION BY RANGE (a);
        CREATE TABLE things_1 PARTITION OF things FOR VALUES FROM (0) TO (9);
        CREATE TABLE parents (a int PRIMARY KEY REFERENCES things ON DELETE CASCADE) PARTITION BY RANGE (a);
        CREATE TABLE parents_1 PARTITION OF parents FOR VALUES FROM (0) TO (9);
        CREATE TABLE parents_2 PARTITION OF parents FOR VALUES FROM (9) TO (20);
        CREATE TABLE rows_of_others (a int REFERENCES things_1 ON DELETE SET NULL)`;
      expect(await cascades(tables)).toEqual([
        'public.parents DELETE CASCADE deleted indexed false 2',
        'public.rows_of_others DELETE SET NULL updated false false 1',
      ]);
      expect(await cascades('SELECT 1', { kind: 'purge', table: 'things_1' })).toEqual([
        'public.parents DELETE CASCADE deleted indexed false 2',
        'public.rows_of_others DELETE SET NULL updated false false 1',
      ]);
    });
  });

  it('the schema of the operators of a type, also of an extension and below a domain', async () => {
    await stage.query(`CREATE SCHEMA "Ext"; CREATE EXTENSION citext SCHEMA "Ext"; CREATE DOMAIN "Ext".mail AS "Ext".citext;
      CREATE OPERATOR FAMILY "Ext".backwards USING btree;
      CREATE OPERATOR CLASS "Ext".backwards FOR TYPE "Ext".citext USING btree FAMILY "Ext".backwards AS
        OPERATOR 1 pg_catalog.~>~ (text, text), OPERATOR 3 pg_catalog.= (text, text), FUNCTION 1 pg_catalog.bttext_pattern_cmp(text, text);
      CREATE TABLE things (a int PRIMARY KEY, b "Ext".citext, tenant "Ext".mail, note text)`);
    try {
      const { metadata } = declared();
      const facts = await inspectTable(session, declared());
      const operators = ['a', 'b', 'tenant', 'note'].map((name) =>
        facts.operator(
          '<',
          metadata.columns.filter(({ databaseName }) => databaseName === name),
        ),
      );
      expect(operators).toEqual(['<', 'OPERATOR("Ext".<)', 'OPERATOR("Ext".<)', '<']);
    } finally {
      await stage.query('DROP TABLE things; DROP SCHEMA "Ext" CASCADE');
    }
  });

  it('whether the declared index can be used', async () => {
    const declaredIndex = (name: string, build: 'before' | 'after' = 'before') =>
      inspectDeclaredIndex(session, declared({ index: { name, build } }));
    await stage.query(`${THINGS}; CREATE INDEX i ON things (b); CREATE INDEX broken ON things (note);
      UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'broken'::regclass`);
    expect(await inspectDeclaredIndex(session, declared({ index: null }))).toBeNull();
    expect(await declaredIndex('i')).toBeNull();
    expect(await declaredIndex('others_note')).toContain('The index "others_note" is missing on "things".');
    expect(await declaredIndex('others_note', 'after')).toBeNull();
    expect(await declaredIndex('broken')).toContain('is INVALID after a failed build.');
    expect(await declaredIndex('broken', 'after')).toBeNull();
  });
});
