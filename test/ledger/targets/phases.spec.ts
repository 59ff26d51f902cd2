import { OnlineIndex } from 'nestjs-backfill';
import type { DataSource, QueryRunner } from 'typeorm';
import { buildIndexes } from '../../../libs/backfill/src/indexes/build/build-indexes.ts';
import { IndexesService } from '../../../libs/backfill/src/indexes/indexes.service.ts';
import { DeployLease } from '../../../libs/backfill/src/ledger/lease/deploy-lease.ts';
import { runMigrations } from '../../../libs/backfill/src/migrations/run/migration.phase.ts';
import { TestApplication } from '../../support/applications/application.ts';
import { TestDatabase } from '../../support/server/database.ts';
import { CallLog, Lead, LEAD_TABLES } from '../../support/tables/lead-tables.ts';

class AddSource1700000000001 {
  name = 'AddSource1700000000001';
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE leads ADD COLUMN source text');
  }
  async down(): Promise<void> {}
}

@OnlineIndex<Lead>({ name: 'leads_tenant', entity: Lead, columns: ['tenantId'] })
class LeadsTenant {}

const SCHEMAS = ['tenant_1', 'tenant_2'] as const;
const quiet = { log: () => undefined, warn: () => undefined };

describe('the phases of a deployment, with a schema for each tenant', () => {
  let database: TestDatabase;
  const applications = new Map<string, TestApplication>();
  const sourceOf = (schema: string): DataSource => (applications.get(schema) as TestApplication).dataSource;
  const indexesOf = (schema: string) =>
    (applications.get(schema) as TestApplication).context.get(IndexesService);

  beforeEach(async () => {
    database = await TestDatabase.create();
    for (const schema of SCHEMAS) {
      await database.query(`CREATE SCHEMA ${schema}`);
      const url = new URL(database.url);
      url.searchParams.set('options', `-c search_path=${schema}`);
      applications.set(
        schema,
        await TestApplication.start({
          database: database.at(url.href),
          entities: LEAD_TABLES,
          backfills: [],
          providers: [LeadsTenant],
          migrations: [AddSource1700000000001],
        }),
      );
    }
  });
  afterEach(async () => {
    for (const each of applications.values()) await each.stop();
    applications.clear();
    await database.drop();
  });

  it('the migrations of one schema do not wait for those of another', async () => {
    const lease = await DeployLease.acquire(sourceOf('tenant_1'), {
      schema: 'nestjs_backfill',
      phase: 'migrate',
      target: () => Promise.resolve('tenant_1.migrations'),
      duration: 30_000,
      log: quiet,
      warn: () => undefined,
    });
    const report = await runMigrations(sourceOf('tenant_2'), { log: quiet });
    await lease.release();
    expect(report).toMatchObject({
      outcome: 'done',
      waitedForOther: false,
      ran: [{ name: 'AddSource1700000000001' }],
    });
    expect(await runMigrations(sourceOf('tenant_1'), { log: quiet })).toMatchObject({
      ran: [{ name: 'AddSource1700000000001' }],
    });
  });

  it('migrations wait while a process of an earlier release runs them', async () => {
    await runMigrations(sourceOf('tenant_2'), { log: quiet });
    await database.query(`INSERT INTO nestjs_backfill.deploy_lease (phase, owner, described, fencing_token, acquired_at, expires_at)
      VALUES ('migrate', 'a', 'the earlier release', 1, clock_timestamp(), clock_timestamp() + interval '1 hour')`);
    const messages: string[] = [];
    let ended: Promise<unknown> = Promise.resolve();
    const log = {
      ...quiet,
      log: (message: string) => {
        messages.push(message);
        // It ends while this process waits.
        if (message.startsWith('Waiting'))
          ended = database.query(`DELETE FROM nestjs_backfill.deploy_lease WHERE phase = 'migrate'`);
      },
    };
    const report = await runMigrations(sourceOf('tenant_1'), { log });
    await ended;
    expect(report).toMatchObject({ outcome: 'done', waitedForOther: true });
    expect(messages).toContain('Waiting for "migrate", which the earlier release is carrying out.');
  });

  it('an index is built in each schema, and the index of another schema is not reported as undeclared', async () => {
    for (const schema of SCHEMAS) {
      expect(await indexesOf(schema).run({ log: quiet })).toMatchObject({
        outcome: 'done',
        dataSources: [{ indexes: [{ name: 'leads_tenant', status: 'built' }], undeclared: [] }],
      });
    }
    for (const schema of SCHEMAS) {
      expect(await indexesOf(schema).status()).toMatchObject({
        dataSources: [{ indexes: [{ presence: 'exists' }], undeclared: [] }],
      });
    }
    // Only the application whose declaration is gone reports its index.
    expect(await buildIndexes(sourceOf('tenant_2'), [], { log: quiet })).toMatchObject({
      undeclared: [{ name: 'leads_tenant', table: 'tenant_2.leads' }],
    });
  });

  it('indexes of two tables are built with a pool of one connection', async () => {
    @OnlineIndex<CallLog>({ name: 'calls_lead', entity: CallLog, columns: ['leadId'] })
    class CallsLead {}
    const application = await TestApplication.start({
      database,
      schema: 'tenant_1',
      entities: LEAD_TABLES,
      backfills: [],
      providers: [LeadsTenant, CallsLead],
      poolSize: 1,
    });
    const report = await application.context.get(IndexesService).run({ log: quiet });
    await application.stop();
    expect(report).toMatchObject({
      dataSources: [
        {
          indexes: [
            { name: 'leads_tenant', status: 'built' },
            { name: 'calls_lead', status: 'built' },
          ],
        },
      ],
    });
  });
});
