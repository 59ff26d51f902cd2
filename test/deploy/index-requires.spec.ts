import { Backfill, IndexesService, OnlineIndex, SchemaMigration } from 'nestjs-backfill';
import { IndexDeclarationError } from 'nestjs-backfill/errors';
import type { QueryRunner } from 'typeorm';
import { BackfillPhase } from '../../libs/backfill/src/deploy/backfill.phase.ts';
import type { DeployReport } from '../../libs/backfill/src/deploy/deploy.report.ts';
import { DeploySequence } from '../../libs/backfill/src/deploy/deploy.sequence.ts';
import { IndexesPhase } from '../../libs/backfill/src/deploy/indexes.phase.ts';
import { MigratePhase } from '../../libs/backfill/src/deploy/migrate.phase.ts';
import { PhaseServices } from '../../libs/backfill/src/deploy/phase.services.ts';
import { renderReport } from '../../libs/backfill/src/one-shot/output/text/report.renderer.ts';
import { TestApplication, type TestApplicationOptions } from '../support/applications/application.ts';
import { TestDatabase } from '../support/server/database.ts';
import { Lead, LEAD_TABLES } from '../support/tables/lead-tables.ts';

@OnlineIndex<Lead>({
  name: 'leads_name_key',
  entity: Lead,
  columns: ['name'],
  unique: true,
  requires: ['duplicates'],
})
class UniqueName {}

@Backfill<Lead>({
  name: 'duplicates',
  entity: Lead,
  kind: 'purge',
  batchSize: 5,
  where: (row) => `EXISTS (SELECT FROM leads AS o WHERE o.name = ${row.name} AND o.id < ${row.id})`,
})
class Duplicates {}

class OneLeadPerName1700000000001 extends SchemaMigration {
  static override readonly requires = ['duplicates', 'leads_name_key'];
  static override readonly onIncomplete = 'defer';
  override async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      'ALTER TABLE leads ADD CONSTRAINT one_lead_per_name UNIQUE USING INDEX leads_name_key',
    );
  }
  override async down(): Promise<void> {}
}
const CONTRACT = 'OneLeadPerName1700000000001';
const log = { log: () => undefined, warn: () => undefined };

describe('an index that requires a backfill, and a contract migration that requires both', () => {
  let database: TestDatabase;
  const open: TestApplication[] = [];
  beforeEach(async () => {
    database = await TestDatabase.create();
    // The tables exist before the migrations run.
    await (await TestApplication.start({ database, entities: LEAD_TABLES, backfills: [] })).stop();
    await database.query(
      `INSERT INTO leads (name) SELECT 'Lead ' || i % 40 FROM generate_series(1, 80) AS i`,
    );
  });
  afterEach(async () => {
    for (const each of open.splice(0)) await each.stop();
    await database.drop();
  });
  const start = async (more: Partial<TestApplicationOptions> = {}) => {
    const application = await TestApplication.start({
      database,
      entities: LEAD_TABLES,
      backfills: [Duplicates],
      providers: [UniqueName],
      migrations: [OneLeadPerName1700000000001],
      synchronize: false,
      ...more,
    });
    open.push(application);
    return application;
  };
  async function deploy({ context }: TestApplication): Promise<DeployReport> {
    const { signal } = new AbortController();
    const phases = [
      new MigratePhase({ log, signal, connectTimeoutMs: 10_000, observer: {} }),
      new IndexesPhase({ log }),
      new BackfillPhase({}, {}),
    ] as const;
    const onError = (error: unknown) => {
      throw error;
    };
    const sequence = new DeploySequence(phases, { signal, onError });
    return (await sequence.run(new PhaseServices(context, 'AppModule'))) as DeployReport;
  }
  const hasConstraint = async () =>
    (await database.query(`SELECT FROM pg_constraint WHERE conname = 'one_lead_per_name'`)).length === 1;

  it('needs two deployments: the first removes duplicates and builds the index, the second adds the constraint', async () => {
    const application = await start();
    const first = await deploy(application);
    expect(first).toMatchObject({
      migrate: {
        outcome: 'deferred',
        dataSources: [
          {
            deferred: {
              name: CONTRACT,
              waitsFor: [
                { backfill: 'duplicates', status: 'pending', left: 40 },
                { backfill: 'leads_name_key', kind: 'index', status: 'missing' },
              ],
            },
          },
        ],
      },
      indexes: { dataSources: [{ indexes: [{ name: 'leads_name_key', status: 'built' }] }] },
      backfill: { backfills: [{ name: 'duplicates', status: 'complete', updated: 40 }] },
    });
    expect(first.left).toEqual([
      {
        phase: 'migrate',
        name: CONTRACT,
        why: 'It waited for duplicates, leads_name_key, which are now complete. The next deployment runs it.',
      },
    ]);
    expect(renderReport(first)).toContain('the index leads_name_key (missing)');
    expect(await hasConstraint()).toBe(false);
    expect(await deploy(application)).toMatchObject({
      outcome: 'complete',
      left: [],
      migrate: { outcome: 'done' },
    });
    expect(await hasConstraint()).toBe(true);
    expect(await deploy(application)).toMatchObject({ outcome: 'nothing-to-do', left: [] });
  });

  it('builds the index and then adds the constraint at the end of one deployment, if an earlier one ran the backfill', async () => {
    const application = await start();
    let batches = 0;
    await application.service.run({ stopWhen: () => (++batches > 2 ? 'Enough.' : null) });
    const report = await deploy(application);
    expect(report).toMatchObject({ outcome: 'complete', left: [], migrate: { outcome: 'done' } });
    expect(await hasConstraint()).toBe(true);
  });

  it('does not run the migration without the index, though the backfill is complete', async () => {
    const application = await start();
    await application.service.run();
    await database.query('CREATE TABLE leads_name_key (id int)');
    const report = await deploy(application);
    expect(report).toMatchObject({ outcome: 'incomplete', migrate: { outcome: 'deferred' } });
    expect(report.left.map(({ name }) => name)).toEqual([CONTRACT, 'leads_name_key']);
  });

  it('waits if rows became pending since the backfill was complete, and says how many', async () => {
    const application = await start();
    await application.service.run();
    await database.query(`INSERT INTO leads (name) VALUES ('Lead 1'), ('Lead 2')`);
    expect(await application.context.get(IndexesService).run({ log })).toMatchObject({
      dataSources: [
        {
          indexes: [
            {
              status: 'waiting',
              reason: 'It is built after the backfill duplicates, of which 2 rows are pending again.',
            },
          ],
        },
      ],
    });
    expect(await database.query(`SELECT FROM pg_class WHERE relname = 'leads_name_key'`)).toEqual([]);
  });

  it('may require the former name of a renamed backfill, or one that is retired', async () => {
    @OnlineIndex<Lead>({ name: 'a', entity: Lead, columns: ['name'], requires: ['old-duplicates', 'gone'] })
    class Index {}
    @Backfill<Lead>({
      name: 'new-duplicates',
      formerly: ['old-duplicates'],
      entity: Lead,
      kind: 'purge',
      where: 'id < 0',
    })
    class Renamed {}
    const application = await start({
      backfills: [Renamed],
      providers: [Index],
      migrations: [],
      module: { retired: ['gone'] },
    });
    await application.service.run();
    expect(await application.context.get(IndexesService).run({ log })).toMatchObject({
      dataSources: [{ indexes: [{ name: 'a', status: 'built' }] }],
    });
  });

  it('is refused at the start if it requires a backfill that is not declared', async () => {
    @OnlineIndex<Lead>({ name: 'a', entity: Lead, columns: ['name'], requires: ['duplicate'] })
    class Index {}
    await expect(start({ providers: [Index] })).rejects.toThrow(IndexDeclarationError);
    await expect(start({ providers: [Index] })).rejects.toThrow(/Did you mean "duplicates"/);
  });
});
