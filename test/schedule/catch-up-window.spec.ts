import { Backfill, type CatchUpClock, type TransformBackfill } from 'nestjs-backfill';
import { IsNull } from 'typeorm';
import { TimeWindow } from '../../libs/backfill/src/schedule/timing/time-window.ts';
import { CatchUpApplication, CapturedLog, ONCE_A_YEAR } from '../support/applications/catch-up.ts';
import { TestDatabase } from '../support/server/database.ts';
import { BatchHook } from '../support/runs/batch-hook.ts';
import { addLeads, Lead, LEAD_TABLES } from '../support/tables/lead-tables.ts';

describe('a window', () => {
  const NIGHT = { from: '22:00', to: '05:00', timeZone: 'Europe/Berlin' } as const;

  it.each([
    ['begins with its first minute', '2026-01-10T21:00:00Z', true],
    ['is open at midnight', '2026-01-10T23:00:00Z', true],
    ['is open until its end', '2026-01-11T03:59:59Z', true],
    ['ends with its last minute', '2026-01-11T04:00:00Z', false],
    ['is closed before its beginning', '2026-01-10T20:59:59Z', false],
    ['begins an hour earlier in UTC in summer', '2026-07-10T20:00:00Z', true],
    ['ends an hour earlier in UTC in summer', '2026-07-11T03:00:00Z', false],
  ])('across midnight %s', (_, at, open) => {
    expect(new TimeWindow('A', NIGHT).isOpen(new Date(at))).toBe(open);
  });

  it.each([
    ['is closed before its beginning', '2026-01-10T08:59:00Z', false],
    ['is open from its beginning', '2026-01-10T09:00:00Z', true],
    ['is closed from its end', '2026-01-10T17:00:00Z', false],
  ])('within a day %s', (_, at, open) => {
    expect(new TimeWindow('A', { from: '09:00', to: '17:00' }).isOpen(new Date(at))).toBe(open);
  });

  it('is open both times if it occurs twice because summer time ends', () => {
    const window = new TimeWindow('A', { from: '02:15', to: '02:45', timeZone: 'Europe/Berlin' });
    const open = (at: string) => window.isOpen(new Date(at));
    // 02:30 in summer time, then in winter time, of 25 October 2026.
    expect([open('2026-10-25T00:30:00Z'), open('2026-10-25T01:30:00Z')]).toEqual([true, true]);
    expect(open('2026-10-25T01:00:00Z')).toBe(false);
  });

  it('does not open if it is skipped because summer time begins', () => {
    const window = new TimeWindow('A', { from: '02:15', to: '02:45', timeZone: 'Europe/Berlin' });
    const day = Array.from({ length: 24 * 60 }, (_, minute) => new Date(Date.UTC(2026, 2, 28, 23, minute)));
    expect(day.filter((at) => window.isOpen(at))).toEqual([]);
  });

  it('is open until 24:00 if it covers a whole day', () => {
    const window = new TimeWindow('A', { from: '00:00', to: '24:00' });
    expect(window.isOpen(new Date('2026-01-10T23:59:59Z'))).toBe(true);
    expect(window.isOpen(new Date('2026-01-10T00:00:00Z'))).toBe(true);
  });
});

const hook = new BatchHook();

@Backfill<Lead>({
  name: 'search-name',
  entity: Lead,
  where: { searchName: IsNull() },
  reads: ['id', 'name'],
  writes: ['searchName'],
  batchSize: 10,
})
class SearchName implements TransformBackfill<Lead, 'id' | 'name'> {
  async transform(leads: readonly Pick<Lead, 'id' | 'name'>[]) {
    await hook.run(leads.map(({ id }) => id));
    return leads.map(({ name }) => ({ searchName: name.toLowerCase() }));
  }
}

describe('catch-up with a window', () => {
  const NOON = new Date('2026-01-10T12:00:00Z');
  const NIGHT = new Date('2026-01-10T23:00:00Z');
  let now = NIGHT;
  const clock: CatchUpClock = { now: () => now };
  let database: TestDatabase;
  let app: CatchUpApplication;

  beforeAll(async () => {
    database = await TestDatabase.create();
    app = await CatchUpApplication.start({
      database,
      entities: LEAD_TABLES,
      backfills: [SearchName],
      catchUp: {
        cron: ONCE_A_YEAR,
        window: { from: '22:00', to: '05:00', timeZone: 'Europe/Berlin' },
        clock,
      },
    });
    await addLeads(database, 50);
  });

  afterAll(async () => {
    await app.stop();
    await database.drop();
  });

  it('sends no query outside of the window', async () => {
    const log = CapturedLog.start();
    now = NOON;
    await app.runRound();
    log.stop();
    expect(await database.query(`SELECT FROM pg_namespace WHERE nspname = 'nestjs_backfill'`)).toEqual([]);
    expect(log.lines).toEqual([
      {
        level: 'debug',
        text: 'nestjs-backfill:catch-up: Outside its window, 22:00 to 05:00 Europe/Berlin: a later round continues.',
      },
    ]);
  });

  it('finishes the current batch when the window closes, records the reason, and continues in the next window', async () => {
    now = NIGHT;
    hook.once(async () => (now = NOON));
    await app.runRound();
    const stopped = await app.status('search-name');
    expect(stopped).toMatchObject({
      status: 'incomplete',
      reason: 'Outside its window, 22:00 to 05:00 Europe/Berlin: a later round continues.',
      leasedBy: null,
    });
    // The current batch, and the next one if its rows were already read.
    expect([10, 20]).toContain(stopped?.updated);
    await app.runRound();
    expect(await app.status('search-name')).toMatchObject({ updated: stopped?.updated });
    now = NIGHT;
    await app.runRound();
    expect(await app.status('search-name')).toMatchObject({ status: 'complete', updated: 50 });
  });
});
