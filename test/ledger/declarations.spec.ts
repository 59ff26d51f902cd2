import { Backfill, type TransformBackfill } from 'nestjs-backfill';
import { BackfillRecords } from 'nestjs-backfill/operate';
import { IsNull, LessThan } from 'typeorm';
import { TestApplication } from '../support/applications/application.ts';
import { Stage } from '../support/applications/stage.ts';
import { BatchHook } from '../support/runs/batch-hook.ts';
import { Recorder } from '../support/runs/recorder.ts';
import { addLeads, CallLog, Lead, LEAD_TABLES } from '../support/tables/lead-tables.ts';

const hook = new BatchHook();
const SHARED = {
  name: 'search-name',
  entity: Lead,
  reads: ['id', 'name'],
  writes: ['searchName'],
  maxWorkers: 2,
} as const;

/** As the release before declares it. */
@Backfill<Lead>({ ...SHARED, where: { searchName: IsNull(), id: LessThan('51') } })
class FirstLeads implements TransformBackfill<Lead> {
  transform(rows: readonly Lead[]) {
    return rows.map(({ name }) => ({ searchName: name.toLowerCase() }));
  }
}

@Backfill<Lead>({ ...SHARED, where: { searchName: IsNull() } })
class AllLeads implements TransformBackfill<Lead> {
  async transform(rows: readonly Lead[]) {
    await hook.run(rows.map(({ id }) => id));
    return rows.map(({ name }) => ({ searchName: name.toLowerCase() }));
  }
}

describe('two releases with another `where` under the same name and version', () => {
  const stage = Stage.for({
    entities: LEAD_TABLES,
    backfills: [AllLeads],
    prepare: (database) => addLeads(database, 100),
  });
  let before: TestApplication;
  beforeAll(async () => {
    before = await TestApplication.start({
      database: stage.database,
      entities: LEAD_TABLES,
      backfills: [FirstLeads],
    });
  });
  afterAll(() => before.stop());
  const overview = () => stage.application.context.get(BackfillRecords).overview();
  const statusBefore = async () => (await before.service.status({ names: ['search-name'] })).backfills[0];

  it('do not take each other’s completion for their own', async () => {
    expect((await before.service.run({ names: ['search-name'] })).backfills).toMatchObject([
      { status: 'complete', updated: 50 },
    ]);
    expect(await statusBefore()).toMatchObject({ status: 'complete' });
    expect(await stage.status('search-name')).toMatchObject({
      status: 'incomplete',
      provedAt: null,
      reason: expect.stringMatching(/proved with another `where`.*raise `version`/) as string,
    });
    expect((await overview()).backfills).toMatchObject([
      {
        ...{ name: 'search-name', status: 'incomplete', completedAt: null },
        reason: expect.stringContaining('proved with another `where`') as string,
        targets: { byStatus: { incomplete: 1 } },
      },
    ]);
    expect(await stage.run('search-name')).toMatchObject({ status: 'complete', updated: 50 });
    expect((await overview()).backfills).toMatchObject([
      { status: 'complete', targets: { byStatus: { complete: 1 } } },
    ]);
    expect(await stage.status('search-name')).toMatchObject({ status: 'complete' });
    expect(await statusBefore()).toMatchObject({ status: 'incomplete' });
    expect((await before.service.run({ names: ['search-name'] })).backfills).toMatchObject([
      { status: 'complete', updated: 0 },
    ]);
    expect(await statusBefore()).toMatchObject({ status: 'complete' });
  });

  it('do not take it during a run that they share, and say so', async () => {
    await stage.query('UPDATE leads SET search_name = NULL');
    hook.once(async () => {
      // The other release finds its ranges done, and proves.
      await stage.query(`UPDATE nestjs_backfill.backfill SET status = 'complete', completed_at = now(),
        proved_declaration = 'of the other release', proved_at = now()`);
      await stage.query(`INSERT INTO leads (id, tenant_id, name) VALUES (-1, '0', 'Behind')`);
    });
    const recorder = new Recorder();
    expect(await stage.run('search-name', { recorder })).toMatchObject({ status: 'complete', updated: 101 });
    expect(await stage.value('SELECT count(*) FROM leads WHERE search_name IS NULL')).toBe('0');
    expect(recorder.notes.join('\n')).toMatch(/proved it complete with another `where`.*raise `version`/);
  });
});

/** The class of a process that starts at this time. */
function callsUntil(start: Date) {
  @Backfill<CallLog>({
    name: 'call-direction',
    entity: CallLog,
    where: { direction: 'in', calledAt: LessThan(start) },
    reads: ['id'],
    writes: ['direction'],
  })
  class Calls implements TransformBackfill<CallLog> {
    transform(rows: readonly CallLog[]) {
      return rows.map(() => ({ direction: 'inbound' }));
    }
  }
  return Calls;
}

describe('a `where` with the time at which its process started', () => {
  const stage = Stage.for({
    entities: LEAD_TABLES,
    backfills: [callsUntil(new Date('2026-01-02T03:04:05.678Z'))],
    prepare: (database) =>
      database.query(
        `INSERT INTO call_logs (lead_id, direction, called_at) SELECT n, 'in', '2025-01-01' FROM generate_series(1, 10) AS n`,
      ),
  });

  it('is complete for the next process too', async () => {
    expect(await stage.run('call-direction')).toMatchObject({ status: 'complete', updated: 10 });
    const next = await TestApplication.start({
      database: stage.database,
      entities: LEAD_TABLES,
      backfills: [callsUntil(new Date('2026-02-03T04:05:06.789Z'))],
    });
    try {
      expect((await next.service.status({ names: ['call-direction'] })).backfills).toMatchObject([
        { status: 'complete', provedAt: expect.any(String) as string },
      ]);
    } finally {
      await next.stop();
    }
  });
});
