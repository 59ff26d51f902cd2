import { Backfill, type BackfillOptions, type BackfillStatus, type SetBackfill } from 'nestjs-backfill';
import { IllegalTransitionError } from 'nestjs-backfill/errors';
import { IsNull } from 'typeorm';
import { Ledger } from '../../../libs/backfill/src/ledger/ledger.ts';
import { BACKFILL_STATUSES, STATUS_TRANSITIONS } from '../../../libs/backfill/src/ledger/status.ts';
import { Session } from '../../../libs/backfill/src/postgres/session.ts';
import { TestApplication } from '../../support/applications/application.ts';
import { TestDatabase } from '../../support/server/database.ts';
import { addLeads, Lead, LEAD_TABLES, resetLeads } from '../../support/tables/lead-tables.ts';

/** A run must keep these statuses. Only a person may change them. */
const KEPT_BY_RUNS: readonly BackfillStatus[] = ['paused', 'cancelled'];

function searchName(options: Partial<BackfillOptions<Lead>>, by: string): new () => object {
  @Backfill<Lead>({ name: 'search-name', entity: Lead, where: { searchName: IsNull() }, ...options })
  class SearchName implements SetBackfill<Lead> {
    set() {
      return { searchName: `'${by}' || (length(name) / (name <> 'poison')::int)::text` };
    }
  }
  return SearchName;
}

@Backfill<Lead>({
  name: 'after-it',
  entity: Lead,
  where: { lastCallDirection: IsNull() },
  dependsOn: ['search-name'],
})
class AfterIt implements SetBackfill<Lead> {
  set() {
    return { lastCallDirection: 'search_name' };
  }
}

describe('a backfill', () => {
  let database: TestDatabase;
  let application: TestApplication;
  let second: TestApplication;

  beforeAll(async () => {
    database = await TestDatabase.create();
    // The dependent backfill is declared first: dependsOn must determine the order.
    const backfills = [AfterIt, searchName({}, 'v1 ')];
    application = await TestApplication.start({ database, entities: LEAD_TABLES, backfills });
    second = await TestApplication.start({
      database,
      entities: LEAD_TABLES,
      backfills: [searchName({ version: 2, where: `search_name IS NULL OR search_name LIKE 'v1 %'` }, 'v2 ')],
    });
  });

  afterAll(async () => {
    await application.stop();
    await second.stop();
    await database.drop();
  });

  beforeEach(async () => {
    await resetLeads(database);
    await addLeads(database, 20);
  });

  const transitions = () =>
    database.query(
      `SELECT name, version, from_status AS "from", to_status AS "to", reason FROM nestjs_backfill.transition ORDER BY id`,
    );

  it('runs after the backfills that it depends on, even if it is declared before them', async () => {
    expect(application.service.names).toEqual(['search-name', 'after-it']);
    expect(await application.service.run()).toMatchObject({
      outcome: 'complete',
      backfills: [
        { name: 'search-name', updated: 20 },
        { name: 'after-it', updated: 20 },
      ],
    });
    expect(
      await database.query('SELECT FROM leads WHERE last_call_direction IS DISTINCT FROM search_name'),
    ).toEqual([]);
  });

  it('waits while a backfill that it depends on is incomplete, reports that, and runs when it is complete', async () => {
    await database.query(`UPDATE leads SET name = 'poison' WHERE id = 7`);
    expect(await application.service.run()).toMatchObject({
      outcome: 'incomplete',
      backfills: [
        { name: 'search-name', status: 'incomplete', updated: 19, quarantined: 1 },
        {
          name: 'after-it',
          status: 'pending',
          updated: 0,
          reason: 'Waits for the backfill "search-name", which is incomplete.',
          waitingFor: 'the backfill "search-name"',
        },
      ],
    });
    await database.query(`UPDATE leads SET name = 'fixed' WHERE id = 7`);
    expect(await application.service.run({ retryQuarantined: true })).toMatchObject({
      outcome: 'complete',
      backfills: [{ updated: 1 }, { status: 'complete', updated: 20 }],
    });
  });

  it('does not run the backfills that it depends on if it is run by its name', async () => {
    expect(await application.service.run({ names: ['after-it'] })).toMatchObject({
      outcome: 'incomplete',
      backfills: [
        {
          ...{ name: 'after-it', waitsForBackfill: 'search-name' },
          reason: 'Waits for the backfill "search-name", which is pending.',
        },
      ],
      notRequested: ['search-name'],
    });
    expect(await application.service.run()).not.toHaveProperty('notRequested');
  });

  it('runs again in a higher version and keeps the record of the old version', async () => {
    await application.service.run({ names: ['search-name'] });
    expect(await second.service.run()).toMatchObject({
      outcome: 'complete',
      backfills: [{ version: 2, updated: 20 }],
    });
    expect(await database.query(`SELECT FROM leads WHERE search_name NOT LIKE 'v2 %'`)).toEqual([]);
    expect(
      await database.query(
        `SELECT version, status, (SELECT sum(updated)::int FROM nestjs_backfill.range r WHERE r.version = b.version) AS updated
         FROM nestjs_backfill.backfill b WHERE name = 'search-name' ORDER BY version`,
      ),
    ).toEqual([
      { version: 1, status: 'complete', updated: 20 },
      { version: 2, status: 'complete', updated: 20 },
    ]);
    expect((await second.service.status()).backfills).toMatchObject([
      { version: 2, status: 'complete', updated: 20 },
    ]);
  });

  it('changes rows that became pending after its completion, and records why it runs', async () => {
    await application.service.run({ names: ['search-name'] });
    await addLeads(database, 3);
    await database.query('UPDATE leads SET search_name = NULL WHERE id = 4');
    expect(await application.service.run({ names: ['search-name'] })).toMatchObject({
      outcome: 'complete',
      backfills: [{ status: 'complete', updated: 4 }],
    });
    expect(await transitions()).toMatchObject([
      { from: 'pending', to: 'running', reason: 'First run.' },
      { from: 'running', to: 'complete', reason: expect.stringContaining('the probe') as string },
      {
        from: 'complete',
        to: 'running',
        reason: expect.stringMatching(/completed at \d{4}-.*\(drift\)/) as string,
      },
      { from: 'running', to: 'complete' },
    ]);
  });

  it('records each change of its status with its time, reason and actor', async () => {
    const [before] = await database.query<{ now: Date }>('SELECT clock_timestamp() AS now');
    const stop = new AbortController();
    stop.abort('SIGTERM');
    await application.service.run({ names: ['search-name'], maxDurationMs: 0 });
    await application.service.run({ names: ['search-name'], signal: stop.signal });
    await application.service.run({ names: ['search-name'] });
    const recorded = await database.query<{ to: string; reason: string; actor: string; at: Date }>(
      `SELECT to_status AS "to", reason, actor, at FROM nestjs_backfill.transition ORDER BY id`,
    );
    expect(recorded.at(-1)).toMatchObject({ to: 'complete' });
    for (const { reason, actor, at } of recorded) {
      expect(reason).toMatch(/\.$/);
      expect(actor).toMatch(new RegExp(`:${process.pid}:`));
      expect(at.getTime()).toBeGreaterThanOrEqual(before?.now.getTime() ?? Infinity);
    }
  });

  it.each([
    ['a person', 'ann@desk'],
    ['a run, which keeps the statuses paused and cancelled,', null],
  ])('changes its status only along the edges of the state machine if %s changes it', async (_, person) => {
    const ledger = new Ledger({ schema: 'nestjs_backfill', owner: 'test:1:a', leaseMs: 1_000 });
    const records = ledger.of({ name: 'search-name', version: 1, table: '"leads"' });
    const { status } = records;
    await application.service.run({ names: ['search-name'] });
    const session = await Session.open(application.dataSource);
    await records.locate(session);
    try {
      for (const from of BACKFILL_STATUSES) {
        for (const to of BACKFILL_STATUSES) {
          await database.query(`UPDATE nestjs_backfill.backfill SET status = $1 WHERE name = 'search-name'`, [
            from,
          ]);
          const moved = status.transition(session, { to, reason: 'because', person });
          const legal = to in STATUS_TRANSITIONS[from] && (person !== null || !KEPT_BY_RUNS.includes(from));
          // The same status may be recorded again, because a connection can be lost after the first record
          // was committed.
          if (legal || to === from) await moved;
          else await expect(moved).rejects.toThrow(IllegalTransitionError);
          const [now] = await database.query(
            `SELECT status FROM nestjs_backfill.backfill WHERE name = 'search-name'`,
          );
          expect(now).toEqual({ status: legal ? to : from });
        }
      }
    } finally {
      await session.close();
    }
    const edges = BACKFILL_STATUSES.filter((from) => person !== null || !KEPT_BY_RUNS.includes(from)).flatMap(
      (from) => Object.keys(STATUS_TRANSITIONS[from]),
    );
    expect((await transitions()).filter((row) => 'reason' in row && row.reason === 'because')).toHaveLength(
      edges.length,
    );
  });

  it.each(['paused', 'cancelled'])(
    'is not run after a person has %s it, and the report gives the reason',
    async (status) => {
      await application.service.run({ names: ['search-name'], maxDurationMs: 0 });
      await database.query(
        `UPDATE nestjs_backfill.backfill SET status = $1, reason = 'by Ann' WHERE name = 'search-name'`,
        [status],
      );
      expect(await application.service.run({ names: ['search-name'] })).toMatchObject({
        outcome: 'incomplete',
        backfills: [{ status, reason: 'by Ann', updated: 0 }],
      });
      expect(await database.query('SELECT FROM leads WHERE search_name IS NOT NULL')).toEqual([]);
    },
  );
});
