import { Backfill, type SetBackfill, type TransformBackfill } from 'nestjs-backfill';
import { IsNull } from 'typeorm';
import { Stage } from '../../support/applications/stage.ts';
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
