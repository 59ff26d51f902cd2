import { Backfill, type SetBackfill, type TransformBackfill } from 'nestjs-backfill';
import { IsNull } from 'typeorm';
import { Stage } from '../../support/applications/stage.ts';
import { LockHolder } from '../../support/server/lock-holder.ts';
import { addLeads, Lead, LEAD_TABLES } from '../../support/tables/lead-tables.ts';

const PENDING = { entity: Lead, where: { searchName: IsNull() }, batchSize: 100 };

@Backfill<Lead>({ ...PENDING, name: 'set' })
class Set implements SetBackfill<Lead> {
  set() {
    return { searchName: 'lower(name)' };
  }
}

@Backfill<Lead>({ ...PENDING, name: 'transform', reads: ['name'], writes: ['searchName'] })
class Transform implements TransformBackfill<Lead> {
  transform(rows: readonly Lead[]) {
    return rows.map(({ name }) => ({ searchName: name.toLowerCase() }));
  }
}

@Backfill<Lead>({ ...PENDING, name: 'purge', kind: 'purge' })
class Purge {}

/** In page order, a statement finds all rows of its region, however few it locks. */
@Backfill<Lead>({
  name: 'slow-where',
  order: 'key',
  entity: Lead,
  where: 'search_name IS NULL AND find_slowly()',
  reads: ['name'],
  writes: ['searchName'],
})
class SlowWhere extends Transform {}

/** `found` keeps the largest number of rows that one statement has found while it locked them. */
const SLOW_WHERE = `CREATE SEQUENCE found;
  CREATE FUNCTION find_slowly() RETURNS boolean LANGUAGE plpgsql AS $$
    DECLARE
      statement text := statement_timestamp()::text;
      before int := 0;
    BEGIN
      IF current_query() NOT LIKE '%FOR NO KEY UPDATE%' THEN RETURN true; END IF;
      IF current_setting('test.statement', true) = statement THEN before := current_setting('test.found')::int; END IF;
      PERFORM set_config('test.statement', statement, false), set_config('test.found', (before + 1)::text, false),
        setval('found', greatest(before + 1, (SELECT last_value FROM found))), pg_sleep(0.006);
      RETURN true;
    END $$`;

/**
 * Sequences are not rolled back: `locked` keeps the largest number of rows that one statement has changed, whose locks
 * it then held.
 */
const COUNTING_TRIGGERS = `CREATE SEQUENCE locked;
  CREATE TABLE cost (seconds float8);
  INSERT INTO cost VALUES (0);
  CREATE FUNCTION begin_statement() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    PERFORM set_config('test.rows', '0', false); RETURN NULL; END $$;
  CREATE FUNCTION be_slow() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
      changed int := current_setting('test.rows')::int + 1;
    BEGIN
      PERFORM set_config('test.rows', changed::text, false);
      PERFORM setval('locked', greatest(changed, (SELECT last_value FROM locked)));
      PERFORM pg_sleep(seconds) FROM cost;
      RETURN coalesce(NEW, OLD);
    END $$;
  CREATE TRIGGER first BEFORE UPDATE OR DELETE ON leads FOR EACH STATEMENT EXECUTE FUNCTION begin_statement();
  CREATE TRIGGER slow BEFORE UPDATE OR DELETE ON leads FOR EACH ROW EXECUTE FUNCTION be_slow()`;

describe.each(['set', 'transform', 'purge'])('a table with a slow trigger, of which the %s', (name) => {
  const stage = Stage.for({
    entities: LEAD_TABLES,
    backfills: [Set, Transform, Purge],
    prepare: async (database) => {
      await addLeads(database, 100);
      await database.query(COUNTING_TRIGGERS);
    },
  });
  const rowsTakeSeconds = async (seconds: number) => {
    await stage.query('UPDATE cost SET seconds = $1', [seconds]);
    await stage.query(`SELECT setval('locked', 1)`);
  };
  const mostLocked = async () => Number(await stage.value('SELECT last_value FROM locked'));
  const plan = async () => (await stage.application.service.plan({ names: [name] })).plan[0];

  it('plan measures few rows, so that no other session waits for long', async () => {
    await rowsTakeSeconds(0.02);
    expect((await plan())?.measuredRowsPerSecond).toBeGreaterThan(0);
    expect(await mostLocked()).toBeLessThan(20);
  });

  it('plan says that a row takes longer than it locks one', async () => {
    await rowsTakeSeconds(1);
    const planned = await plan();
    expect(planned).toMatchObject({ measuredRowsPerSecond: null });
    expect(planned?.warnings.join('\n')).toMatch(/one row takes longer than 100 ms.*triggers/);
    expect(await mostLocked()).toBe(1);
  });

  it('preview changes the rows one by one', async () => {
    await rowsTakeSeconds(0.02);
    const { rows, problem } = await stage.application.service.preview(name, { rows: 30 });
    expect(problem).toBeNull();
    expect(rows.map(({ error }) => error)).toEqual(Array(30).fill(null));
    expect(rows.every(({ after }) => (name === 'purge' ? after === null : after?.search_name))).toBe(true);
    expect(await mostLocked()).toBeLessThan(20);
  });

  it('preview says of a row that its change takes too long', async () => {
    await rowsTakeSeconds(1);
    const { rows } = await stage.application.service.preview(name, { rows: 1 });
    expect(rows.map(({ error }) => error)).toEqual([expect.stringContaining('longer than 100 ms')]);
  });
});

describe('a table in which finding a pending row is slow, and a locked row', () => {
  const stage = Stage.for({
    entities: LEAD_TABLES,
    backfills: [SlowWhere],
    prepare: async (database) => {
      await addLeads(database, 100);
      await database.query(SLOW_WHERE);
    },
  });
  let holder: LockHolder;
  beforeEach(async () => {
    await stage.query(`SELECT setval('found', 1)`);
    holder = await LockHolder.hold(stage.database, 'SELECT FROM leads WHERE id = 1 FOR UPDATE');
  });
  afterEach(() => LockHolder.releaseAll());
  const mostFound = async () => Number(await stage.value('SELECT last_value FROM found'));

  it('preview leaves it out, and locks few of the others at a time', async () => {
    const { rows, problem } = await stage.application.service.preview('slow-where', { rows: 30 });
    expect(problem).toBeNull();
    expect(rows).toHaveLength(30);
    expect(rows[0]).toMatchObject({ key: ['2'], error: null });
    expect(await mostFound()).toBeLessThan(20);
  });

  it('plan locks no row to look for locked ones while none is', async () => {
    await holder.release();
    const { plan } = await stage.application.service.plan({ names: ['slow-where'] });
    expect(plan).toMatchObject([{ measuredRowsPerSecond: expect.any(Number) as number }]);
    expect(await mostFound()).toBe(1);
  });
});
