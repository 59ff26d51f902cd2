import { Backfill, type SetBackfill } from 'nestjs-backfill';
import { NoRecordsError, RecordsInUseError, RetentionError } from 'nestjs-backfill/errors';
import { IsNull } from 'typeorm';
import { renderHousekeeping } from '../../libs/backfill/src/one-shot/output/housekeeping/housekeeping.renderer.ts';
import { PhaseLeaseLedger } from '../../libs/backfill/src/ledger/lease/phase-lease.ledger.ts';
import { Session } from '../../libs/backfill/src/postgres/session.ts';
import { until } from '../support/runs/until.ts';
import { LockHolder } from '../support/server/lock-holder.ts';
import { TestApplication } from '../support/applications/application.ts';
import { TestDatabase } from '../support/server/database.ts';
import { addLeads, Lead, LEAD_TABLES } from '../support/tables/lead-tables.ts';

@Backfill<Lead>({ name: 'names', entity: Lead, where: { searchName: IsNull() }, batchSize: 10 })
class Names implements SetBackfill<Lead> {
  set() {
    return { searchName: 'lower(name)' };
  }
}

const DAY_MS = 86_400_000;
/** The time columns of what a run records. */
const TIMES = {
  range: ['created_at', 'finished_at'],
  transition: ['at'],
  control: ['set_at'],
  sample: ['at'],
  event: ['at'],
  deploy_lease: ['expires_at'],
  backfill: ['changed_at'],
} as const;

describe('the ledger after a year', () => {
  let database: TestDatabase;
  const open: TestApplication[] = [];
  beforeEach(async () => {
    database = await TestDatabase.create();
  });
  afterEach(async () => {
    for (const each of open.splice(0)) await each.stop();
    await database.drop();
  });

  async function start(backfills: readonly (new () => object)[] = [Names], schema?: string) {
    if (schema !== undefined) await database.query(`CREATE SCHEMA ${schema}`);
    const application = await TestApplication.start({
      database,
      entities: LEAD_TABLES,
      backfills,
      ...(schema === undefined ? {} : { schema }),
    });
    open.push(application);
    return application.service;
  }
  /** Makes everything that was recorded so far older. */
  async function age(days: number): Promise<void> {
    for (const [table, columns] of Object.entries(TIMES))
      for (const column of columns)
        await database.query(
          `UPDATE nestjs_backfill.${table} SET ${column} = ${column} - interval '${days} days'`,
        );
  }
  const count = async (table: string): Promise<number> => {
    const [row] = await database.query<{ count: string }>(`SELECT count(*) FROM nestjs_backfill.${table}`);
    return Number(row?.count);
  };
  /** Without the times that `age` has changed. */
  const status = async (service: TestApplication['service']) => {
    const [report] = (await service.status({ names: ['names'] })).backfills;
    return {
      status: report?.status,
      updated: report?.updated,
      batches: report?.batches,
      drift: report?.drift,
      settings: report?.settings.map(({ value }) => value),
    };
  };

  it('loses ended ranges, status changes and replaced settings by --prune, and no total', async () => {
    const service = await start();
    await addLeads(database, 50);
    await service.run();
    for (let round = 0; round < 6; round++) {
      await addLeads(database, 5);
      await service.run();
      await service.set('names', { batchSize: 10 + round });
    }
    await age(400);
    const before = await status(service);
    expect(before).toMatchObject({ updated: 80, drift: { rows: 30, times: 6 }, settings: ['15'] });
    const [rows] = await database.query(`SELECT updated, batches FROM nestjs_backfill.v_progress`);
    const report = await service.prune();
    expect(report).toMatchObject({ phase: 'backfill', keepMs: 90 * DAY_MS });
    expect(report.pruned[0]).toMatchObject({ dataSource: 'default', ranges: 5, settings: 5 });
    expect(await status(service)).toEqual(before);
    expect(await database.query(`SELECT updated, batches FROM nestjs_backfill.v_progress`)).toEqual([rows]);
    expect(await count('range')).toBe(2);
    expect(await count('transition')).toBeLessThan(5);
    expect(await count('control')).toBe(1);
    expect((await service.prune()).pruned[0]).toMatchObject({ ranges: 0, transitions: 0, settings: 0 });

    // A later round adds to the same totals.
    await addLeads(database, 5);
    await service.run();
    expect(await status(service)).toMatchObject({ updated: 85, drift: { rows: 35, times: 7 } });
  });

  it('keeps what is younger than the retention, what is not done, and the decisions of people', async () => {
    const service = await start();
    await addLeads(database, 50);
    await service.run();
    await service.run();
    await service.pause('names').catch(() => undefined);
    const before = { ranges: await count('range'), transitions: await count('transition') };
    await age(30);
    expect((await service.prune()).pruned[0]).toMatchObject({ ranges: 0, transitions: 0, settings: 0 });
    await database.query(
      `UPDATE nestjs_backfill.range SET state = 'sweeping', finished_at = NULL;
       INSERT INTO nestjs_backfill.range (name, version, target, purpose, state) SELECT name, version, target, 'sweep', 'sweeping'
         FROM nestjs_backfill.backfill, generate_series(1, 3);
       INSERT INTO nestjs_backfill.transition (name, version, target, from_status, to_status, reason, actor)
         SELECT name, version, target, 'running', 'paused', 'Paused by ann.', 'ann@desk' FROM nestjs_backfill.backfill`,
    );
    await age(400);
    await service.prune({ keepMs: DAY_MS });
    expect(await count('range')).toBe(before.ranges + 3);
    expect(
      await database.query(`SELECT to_status FROM nestjs_backfill.transition WHERE to_status = 'paused'`),
    ).toHaveLength(1);
  });

  it('loses the records of tables that were dropped, not those of a renamed table', async () => {
    for (const schema of ['tenant_1', 'tenant_2', 'tenant_3']) {
      const service = await start([Names], schema);
      await database.query(
        `INSERT INTO ${schema}.leads (name) SELECT 'Lead ' || i FROM generate_series(1, 9) AS i`,
      );
      await service.run();
    }
    await database.query('DROP SCHEMA tenant_2 CASCADE; ALTER SCHEMA tenant_3 RENAME TO tenant_4');
    await age(100);
    const [service] = open.map((each) => each.service);
    expect((await service?.prune())?.pruned[0]).toMatchObject({ droppedTables: 1 });
    const targets = await database.query<{ target: string }>(
      `SELECT target FROM nestjs_backfill.backfill ORDER BY 1`,
    );
    expect(targets.map(({ target }) => target)).toEqual(['tenant_1.leads', 'tenant_3.leads']);
  });

  it('loses expired leases; the next lease does not repeat a token of a pruned one', async () => {
    const service = await start();
    await service.run();
    const [application] = open;
    const session = await Session.open((application as TestApplication).dataSource);
    try {
      const lease = new PhaseLeaseLedger({ schema: 'nestjs_backfill', leaseMs: 1_000 }, 'migrate public.m');
      const process = { owner: 'a', description: 'a' };
      const token = await lease.acquire(session, process);
      await age(100);
      expect((await service.prune()).pruned[0]?.leases).toBeGreaterThan(0);
      expect(await count('deploy_lease')).toBe(0);
      expect(await lease.acquire(session, process)).not.toBe(token);
    } finally {
      await session.close();
    }
  });

  it('is pruned by no more than was asked: at least a day is kept', async () => {
    const service = await start();
    await expect(service.prune({ keepMs: 60_000 })).rejects.toThrow(RetentionError);
    await expect(service.prune({ keepMs: Number.NaN })).rejects.toThrow(RetentionError);
    expect(renderHousekeeping(await service.prune())).toContain('There is no ledger to prune');
  });

  it('forgets a backfill whose class was removed, with everything about it', async () => {
    const service = await start();
    await addLeads(database, 30);
    await service.run();
    await database.query(
      `INSERT INTO nestjs_backfill.quarantined_row (name, version, target, key, error) VALUES ('names', 1, 'public.leads', '["1"]', 'refused')`,
    );
    await expect(service.forget(['names'])).rejects.toThrow(/it is declared by this application/);
    const later = await start([]);
    expect((await later.status()).backfills).toMatchObject([{ name: 'names', declared: false }]);
    await expect(later.forget(['name'])).rejects.toThrow(NoRecordsError);
    await expect(later.forget(['names', 'name'])).rejects.toThrow(/Did you mean "names"\?/);
    const report = await later.forget(['names']);
    expect(renderHousekeeping(report)).toBe(
      '\nnames: the records in default were deleted (1 table complete, with 1 row in quarantine).\n',
    );
    for (const table of ['backfill', 'range', 'transition', 'control', 'quarantined_row', 'tenant_progress'])
      expect([table, await count(table)]).toEqual([table, 0]);
    expect((await later.status()).backfills).toEqual([]);
  });

  it('does not forget a backfill that an earlier release still runs', async () => {
    const service = await start();
    await addLeads(database, 30);
    await service.run();
    await database.query(
      `INSERT INTO nestjs_backfill.range (name, version, target, purpose, state, lease_owner, lease_expires_at)
       SELECT name, version, target, 'retry', 'settling', 'other:1:a', now() + interval '1 hour' FROM nestjs_backfill.backfill`,
    );
    const later = await start([]);
    await expect(later.forget(['names'])).rejects.toThrow(RecordsInUseError);
    expect(await count('backfill')).toBe(1);
  });

  it('does not forget a backfill on which a process begins to work at the same time', async () => {
    const service = await start();
    await addLeads(database, 30);
    await service.run();
    const later = await start([]);
    const runner = await LockHolder.hold(
      database,
      `SELECT FROM nestjs_backfill.backfill FOR NO KEY UPDATE;
       UPDATE nestjs_backfill.range SET state = 'settling', lease_owner = 'other:1:a', lease_expires_at = now() + interval '1 hour'`,
    );
    const forgetting = later.forget(['names']).catch((error: unknown) => error);
    await Promise.race([until(() => runner.isWaitedFor(database)), forgetting]);
    await runner.release();
    expect(await forgetting).toBeInstanceOf(RecordsInUseError);
    expect([await count('backfill'), await count('range')]).toEqual([1, 1]);
  });
});
