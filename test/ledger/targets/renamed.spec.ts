import { Backfill, MigrationsService, SchemaMigration, type SetBackfill } from 'nestjs-backfill';
import {
  FormerNameError,
  FormerNameInUseError,
  OpenUnderBothNamesError,
  UnknownBackfillError,
} from 'nestjs-backfill/errors';
import { BackfillRecords } from 'nestjs-backfill/operate';
import { IsNull, type QueryRunner } from 'typeorm';
import { TestApplication, type TestApplicationOptions } from '../../support/applications/application.ts';
import { TestDatabase } from '../../support/server/database.ts';
import { Lead, LEAD_TABLES } from '../../support/tables/lead-tables.ts';

const OPTIONS = { entity: Lead, where: { searchName: IsNull() }, batchSize: 1, progressEvery: 1 } as const;
class Code implements SetBackfill<Lead> {
  set() {
    return { searchName: `CASE WHEN name = 'bad' THEN (1 / (id - id))::text ELSE lower(name) END` };
  }
}
@Backfill<Lead>({ name: 'old-name', ...OPTIONS })
class Before extends Code {}
@Backfill<Lead>({ name: 'new-name', formerly: ['older-name', 'old-name'], ...OPTIONS })
class After extends Code {}
@Backfill<Lead>({ name: 'new-name', ...OPTIONS })
class WithoutFormerName extends Code {}
@Backfill<Lead>({ name: 'dependent', dependsOn: ['old-name'], entity: Lead, kind: 'purge', where: 'id < 0' })
class Dependent {}

class Contract1700000000001 extends SchemaMigration {
  static override readonly requires = ['old-name'];
  override async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('CREATE TABLE contract_ran (id int)');
  }
  override async down(): Promise<void> {}
}

describe('a backfill that was renamed', () => {
  let database: TestDatabase;
  const open: TestApplication[] = [];
  beforeEach(async () => {
    database = await TestDatabase.create();
    for (const schema of ['tenant_1', 'tenant_2']) await database.query(`CREATE SCHEMA ${schema}`);
  });
  afterEach(async () => {
    for (const each of open.splice(0)) await each.stop();
    await database.drop();
  });

  async function start(
    backfills: TestApplicationOptions['backfills'],
    schema = 'tenant_1',
    more: Partial<TestApplicationOptions> = {},
  ): Promise<TestApplication> {
    const application = await TestApplication.start({
      ...{ database, schema, entities: LEAD_TABLES, backfills },
      ...more,
    });
    open.push(application);
    return application;
  }
  const add = (schema: string, count = 20, name = `'Lead ' || i`) =>
    database.query(
      `INSERT INTO ${schema}.leads (name) SELECT ${name} FROM generate_series(1, ${count}) AS i`,
    );
  const names = async (table = 'backfill') =>
    (
      await database.query<{ name: string }>(`SELECT DISTINCT name FROM nestjs_backfill.${table} ORDER BY 1`)
    ).map(({ name }) => name);

  /** Runs under the former name in both schemas: complete in the first, with a row in quarantine in the second. */
  async function runBefore(): Promise<void> {
    for (const schema of ['tenant_1', 'tenant_2']) {
      const { service } = await start([Before], schema);
      await add(schema);
      if (schema === 'tenant_2') await add(schema, 1, `'bad'`);
      await service.run();
      await service.set('old-name', { batchSize: 7 }, { targets: [schema] });
    }
  }

  it('keeps its records on every table: status, totals, settings, quarantine and history', async () => {
    await runBefore();
    const { service } = await start([After]);
    const [before] = (await service.status()).backfills;
    expect(before).toMatchObject({
      name: 'new-name',
      status: 'complete',
      updated: 20,
      settings: [{ value: '7' }],
      otherTargets: { total: 1 },
    });
    expect((await service.status()).backfills).toHaveLength(1);
    expect((await service.run()).backfills).toMatchObject([
      { name: 'new-name', status: 'complete', updated: 0 },
    ]);
    for (const table of ['backfill', 'range', 'transition', 'control', 'quarantined_row'])
      expect([table, await names(table)]).toEqual([table, ['new-name']]);
    expect((await service.status()).backfills[0]).toMatchObject({ updated: 20, settings: [{ value: '7' }] });
    const second = await start([After], 'tenant_2');
    expect((await second.service.run()).backfills).toMatchObject([
      { status: 'incomplete', quarantined: 1, updated: 0 },
    ]);
  });

  it('is shown with its records by the pages, before and after its next run', async () => {
    await runBefore();
    const { service, context } = await start([After]);
    const overview = async () => (await context.get(BackfillRecords).overview()).backfills;
    const expected = {
      name: 'new-name',
      declared: true,
      status: 'complete',
      updated: 20,
      targets: { total: 2 },
    };
    expect(await overview()).toMatchObject([expected]);
    await service.run();
    expect(await overview()).toMatchObject([expected]);
  });

  it('continues at its cursor, and stays paused if a person has paused it', async () => {
    const { service } = await start([Before]);
    await add('tenant_1');
    let updated = 0;
    const [stopped] = (
      await service.run({
        observer: { progressed: (progress) => void (updated = progress.updated) },
        stopWhen: () => (updated > 0 ? 'Enough.' : null),
      })
    ).backfills;
    expect(stopped).toMatchObject({ status: 'incomplete' });
    await service.pause('old-name');
    const later = await start([After]);
    expect((await later.service.run()).backfills[0]).toMatchObject({ status: 'paused', updated: 0 });
    await later.service.resume('new-name', { targets: ['tenant_1'] });
    const [report] = (await later.service.run()).backfills;
    expect(report).toMatchObject({ status: 'complete' });
    expect(report?.updated).toBe(20 - (stopped?.updated ?? 0));
    expect((await later.service.status()).backfills[0]).toMatchObject({ updated: 20 });
  });

  it('meets a migration that requires it by its former name, and a dependency', async () => {
    await runBefore();
    const { context, service } = await start([After, Dependent], 'tenant_1', {
      migrations: [Contract1700000000001],
      synchronize: false,
    });
    expect(await context.get(MigrationsService).run()).toMatchObject({ outcome: 'done' });
    expect((await service.run({ names: ['dependent'] })).backfills).toMatchObject([
      { name: 'dependent', status: 'complete' },
    ]);
  });

  it('is refused while it is open under both names; forgetting one of them resolves it', async () => {
    const stopEarly = (service: TestApplication['service']) => {
      let batches = 0;
      return service.run({ stopWhen: () => (++batches > 2 ? 'Enough.' : null) });
    };
    await add2();
    await stopEarly((await start([Before])).service);
    await stopEarly((await start([WithoutFormerName])).service);
    const { service } = await start([After]);
    const [report] = (await service.run()).backfills;
    expect(report?.status).toBe('failed');
    expect(report?.reason).toContain('not complete under either name');
    await expect(service.set('new-name', { batchSize: 9 })).rejects.toThrow(OpenUnderBothNamesError);
    await service.forget(['old-name']);
    expect((await service.run()).backfills[0]).toMatchObject({ status: 'complete' });
    async function add2() {
      await start([Before]);
      await add('tenant_1');
    }
  });

  it('takes the place of a record under the new name that has never run', async () => {
    await runBefore();
    await (await start([WithoutFormerName])).service.resume('new-name');
    expect(await names()).toEqual(['new-name', 'old-name']);
    const { service } = await start([After]);
    await service.run();
    expect(await names()).toEqual(['new-name']);
    expect((await service.status()).backfills[0]).toMatchObject({ updated: 20 });
  });

  it('waits while a process of the earlier release works on it', async () => {
    await runBefore();
    await database.query(
      `UPDATE nestjs_backfill.backfill SET status = 'running';
       INSERT INTO nestjs_backfill.range (name, version, target, purpose, state, lease_owner, lease_expires_at)
       SELECT name, version, target, 'retry', 'settling', 'other:1:a', now() + interval '1 hour'
       FROM nestjs_backfill.backfill WHERE target = 'tenant_1.leads'`,
    );
    const { service } = await start([After]);
    await expect(service.pause('new-name')).rejects.toThrow(FormerNameInUseError);
    expect(await names()).toEqual(['old-name']);
    await database.query(
      `UPDATE nestjs_backfill.range SET lease_expires_at = now() WHERE lease_owner = 'other:1:a'`,
    );
    expect((await service.run()).backfills[0]).toMatchObject({ status: 'complete' });
    expect(await names()).toEqual(['new-name']);
  });

  it('has former names that nothing else has', async () => {
    await expect(start([Before, After])).rejects.toThrow(FormerNameError);
    @Backfill<Lead>({ name: 'third', formerly: ['old-name'], ...OPTIONS })
    class Third extends Code {}
    await expect(start([Third, After])).rejects.toThrow(/names it too/);
    await expect(start([After], 'tenant_1', { module: { retired: ['old-name'] } })).rejects.toThrow(
      /retired/,
    );
    const { service } = await start([After]);
    await expect(service.pause('old-name')).rejects.toThrow(UnknownBackfillError);
    await expect(service.pause('old-name')).rejects.toThrow(/Did you mean "new-name"/);
  });
});
