import {
  Backfill,
  type CopyBackfill,
  type ProcessBackfill,
  type ProcessBatch,
  type RowColumns,
  type SetBackfill,
  type TransformBackfill,
} from 'nestjs-backfill';
import { IsNull, type EntityManager } from 'typeorm';
import { Stage } from '../../../support/applications/stage.ts';
import { untilRow } from '../../../support/runs/until.ts';
import { LockHolder } from '../../../support/server/lock-holder.ts';
import { addLeads, Contact, Lead, LEAD_TABLES, resetLeads } from '../../../support/tables/lead-tables.ts';

const PENDING = { entity: Lead, where: { searchName: IsNull() } } as const;

@Backfill<Lead>({ ...PENDING, name: 'set' })
class SetSearchName implements SetBackfill<Lead> {
  set() {
    return { searchName: 'name' };
  }
}

@Backfill<Lead>({ ...PENDING, name: 'transform', reads: ['name'], writes: ['searchName'] })
class TransformSearchName implements TransformBackfill<Lead, 'id' | 'name'> {
  transform(rows: readonly Pick<Lead, 'name'>[]) {
    return rows.map(({ name }) => ({ searchName: name }));
  }
}

@Backfill<Lead>({ name: 'copy', entity: Lead, into: Contact })
class CopyContacts implements CopyBackfill<Lead, Contact> {
  copy(row: RowColumns<Lead>) {
    return { leadId: row.id, label: row.name };
  }
}

@Backfill<Lead>({ ...PENDING, name: 'process', reads: ['id'] })
class ProcessSearchName implements ProcessBackfill<Lead, 'id'> {
  async process({ rows }: ProcessBatch<Lead, 'id'>, manager: EntityManager) {
    const ids = rows.map(({ id }) => id);
    await manager.query('UPDATE leads SET search_name = name WHERE id = ANY($1)', [ids]);
  }
}

const LEADS = 20;
/** The batch waits while it changes this lead, and then holds its locks. */
const LAST_LOCKED = 5;

/** A batch of each kind but `purge`, which removes the rows that the other session refers to. */
describe.each(['set', 'transform', 'copy', 'process'])('a batch of `%s` that holds its rows', (name) => {
  const stage = Stage.for({
    entities: LEAD_TABLES,
    backfills: [SetSearchName, TransformSearchName, CopyContacts, ProcessSearchName],
    module: { defaults: { pause: 0, lockTimeout: 10_000 } },
    // PostgreSQL does not roll back a sequence: it shows the progress of a transaction that is still open.
    prepare: (database) =>
      database.query(`ALTER TABLE call_logs ADD FOREIGN KEY (lead_id) REFERENCES leads;
        CREATE SEQUENCE held; CREATE SEQUENCE released;
        CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
          PERFORM nextval('held');
          WHILE NOT (SELECT is_called FROM released) LOOP PERFORM pg_sleep(0.001); END LOOP;
          RETURN NEW;
        END $$;
        CREATE TRIGGER hold BEFORE UPDATE ON leads FOR EACH ROW WHEN (OLD.id = ${LAST_LOCKED}) EXECUTE FUNCTION hold();
        CREATE TRIGGER hold BEFORE INSERT ON contacts FOR EACH ROW WHEN (NEW.lead_id = ${LAST_LOCKED}) EXECUTE FUNCTION hold()`),
  });
  beforeEach(async () => {
    await resetLeads(stage.database);
    await stage.query(`SELECT setval('held', 1, false), setval('released', 1, false)`);
    await addLeads(stage.database, LEADS);
  });
  afterEach(() => LockHolder.releaseAll());

  /** Inserts calls of leads. The foreign-key check waits for nothing, or the test fails after a while. */
  async function addCalls(from: number): Promise<void> {
    await stage.database.session(async (user) => {
      await user.query(`SET lock_timeout = '5s'`);
      await user.query(
        `INSERT INTO call_logs (lead_id, direction, called_at) SELECT i, 'in', now() FROM generate_series($1::int, $2::int) AS i`,
        [from, LAST_LOCKED],
      );
    });
  }

  it('lets another session insert rows that refer to them', async () => {
    const run = stage.run(name);
    try {
      await Promise.race([untilRow(stage.database, 'SELECT FROM held WHERE is_called'), run]);
      await addCalls(1);
    } finally {
      await stage.query(`SELECT nextval('released')`);
      await run;
    }
    expect(await run).toMatchObject({ status: 'complete', updated: LEADS });
  });

  /** Resolves when a session waits for the holder's locks as only the settling pass does, or the run has ended. */
  async function untilWaitedFor({ pid }: LockHolder, run: Promise<unknown>): Promise<void> {
    const waiting = `SELECT FROM pg_stat_activity WHERE $1::int = ANY (pg_blocking_pids(pid))
      AND query_start < clock_timestamp() - interval '150 milliseconds'`;
    await Promise.race([untilRow(stage.database, waiting, [pid]), run]);
  }

  it('lets another session insert such rows also in the settling pass, which waits for a locked row', async () => {
    const lock = `SELECT FROM leads WHERE id = ${LAST_LOCKED} FOR UPDATE`;
    const holder = await LockHolder.hold(stage.database, lock);
    const run = stage.run(name);
    try {
      await untilWaitedFor(holder, run);
      await holder.release();
      await Promise.race([untilRow(stage.database, 'SELECT FROM held WHERE is_called'), run]);
      await addCalls(LAST_LOCKED);
    } finally {
      await stage.query(`SELECT nextval('released')`);
      await run;
    }
    expect(await run).toMatchObject({ status: 'complete', updated: LEADS });
  });

  it('does not wait for a transaction that has inserted such rows and is still open', async () => {
    await stage.query(`SELECT nextval('released')`);
    await LockHolder.hold(
      stage.database,
      `INSERT INTO call_logs (lead_id, direction, called_at) SELECT i, 'in', now() FROM generate_series(1, ${LEADS}) AS i`,
    );
    const lock = `SELECT FROM leads WHERE id = ${LAST_LOCKED} FOR NO KEY UPDATE`;
    const writer = await LockHolder.hold(stage.database, lock);
    const run = stage.run(name);
    await untilWaitedFor(writer, run);
    await writer.release();
    expect(await run).toMatchObject({ status: 'complete', updated: LEADS });
  });
});
