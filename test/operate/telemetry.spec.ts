import { metrics } from '@opentelemetry/api';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import {
  Backfill,
  IndexesService,
  MigrationsService,
  OnlineIndex,
  SchemaMigration,
  type SetBackfill,
} from 'nestjs-backfill';
import { BackfillHealthIndicator } from 'nestjs-backfill/operate';
import { IsNull, type QueryRunner } from 'typeorm';
import { BackfillPhase } from '../../libs/backfill/src/deploy/backfill.phase.ts';
import { DeploySequence } from '../../libs/backfill/src/deploy/deploy.sequence.ts';
import { IndexesPhase } from '../../libs/backfill/src/deploy/indexes.phase.ts';
import { MigratePhase } from '../../libs/backfill/src/deploy/migrate.phase.ts';
import { PhaseServices } from '../../libs/backfill/src/deploy/phase.services.ts';
import { TestApplication } from '../support/applications/application.ts';
import { Stage } from '../support/applications/stage.ts';
import { RecordedSpans, type RecordedSpan } from '../support/runs/recorded-spans.ts';
import { addLeads, CallLog, Lead, LEAD_TABLES, resetLeads } from '../support/tables/lead-tables.ts';

@Backfill<Lead>({ name: 'names', entity: Lead, where: { searchName: IsNull() }, batchSize: 5 })
class Names implements SetBackfill<Lead> {
  set() {
    return { searchName: `CASE WHEN name = 'bad' THEN name::int::text ELSE lower(name) END` };
  }
}

@Backfill<CallLog>({
  name: 'calls',
  entity: CallLog,
  where: { direction: '' },
  lagColumn: 'calledAt',
})
class Calls implements SetBackfill<CallLog> {
  set() {
    return { direction: `'none'` };
  }
}

class AddOther1700000000000 extends SchemaMigration {
  async up(runner: QueryRunner) {
    await runner.query('ALTER TABLE leads ADD COLUMN other text');
  }
  async down(runner: QueryRunner) {
    await runner.query('ALTER TABLE leads DROP COLUMN other');
  }
}

@OnlineIndex<Lead>({ name: 'leads_name', entity: Lead, columns: ['name'] })
class LeadsName {}

const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
const provider = new MeterProvider({ readers: [reader] });
const recorded = new RecordedSpans();

describe('an application with OpenTelemetry', () => {
  beforeAll(() => {
    metrics.setGlobalMeterProvider(provider);
    recorded.install();
  });
  const stage = Stage.for({
    entities: LEAD_TABLES,
    backfills: [Names, Calls],
    providers: [LeadsName],
    migrations: [AddOther1700000000000],
  });
  /** The metrics of all applications of this process: unit and points by name. */
  const collect = async () => {
    await reader.forceFlush();
    const [last] = exporter.getMetrics().slice(-1);
    const all = last?.scopeMetrics.find(({ scope }) => scope.name === 'nestjs-backfill')?.metrics ?? [];
    return new Map(
      all.map(({ descriptor: { name, unit }, dataPoints }) => [
        name,
        { unit, points: dataPoints.map(({ attributes, value }) => ({ attributes, value })) },
      ]),
    );
  };
  beforeEach(() => resetLeads(stage.database));
  afterAll(async () => {
    await provider.shutdown();
    metrics.disable();
    recorded.uninstall();
  });

  it('exports the rows, batches and runs of this process, and what the ledger has pending and in quarantine', async () => {
    await addLeads(stage.database, 12);
    await stage.query(`INSERT INTO leads (name) VALUES ('bad')`);
    await stage.run('names');
    const points = await collect();
    const name = { 'backfill.name': 'names' };
    expect(points.get('backfill.rows')).toMatchObject({
      unit: '{row}',
      points: [
        { attributes: { ...name, 'backfill.outcome': 'updated' }, value: 12 },
        { attributes: { ...name, 'backfill.outcome': 'quarantined' }, value: 1 },
      ],
    });
    const sizes = points.get('backfill.batch.size')?.points[0]?.value as { sum: number; count: number };
    expect(sizes.sum).toBe(12);
    expect(points.get('backfill.batch.duration')).toMatchObject({
      unit: 's',
      points: [{ value: { count: sizes.count } }],
    });
    expect(points.get('backfill.run.duration')?.points).toMatchObject([
      { attributes: { ...name, 'backfill.status': 'incomplete' } },
    ]);
    expect(points.get('backfill.quarantined')?.points).toContainEqual({ attributes: name, value: 1 });
    expect(points.get('backfill.status')?.points).toContainEqual({
      attributes: { ...name, 'backfill.status': 'incomplete' },
      value: 1,
    });
  });

  it('exports the WAL that the server writes during a run', async () => {
    // The position is first read while the run is at work. On a busy machine a short run may end before.
    let wal: ReturnType<Awaited<ReturnType<typeof collect>>['get']>;
    for (let runs = 0; wal === undefined && runs < 100; runs++) {
      await addLeads(stage.database, 500);
      await stage.run('names');
      wal = (await collect()).get('backfill.wal');
    }
    expect(wal).toMatchObject({ unit: 'By', points: [{ attributes: { 'backfill.name': 'names' } }] });
    expect(wal?.points[0]?.value).toBeGreaterThan(0);
  });

  it('exports the age of the oldest pending row, by the column that the backfill names', async () => {
    const lag = async () => (await collect()).get('backfill.lag')?.points;
    expect(await lag()).toEqual([{ attributes: { 'backfill.name': 'calls' }, value: 0 }]);
    // A later reading is an own application's: this one keeps the value for ten seconds.
    const other = await TestApplication.start({
      database: stage.database,
      entities: LEAD_TABLES,
      backfills: [Calls],
    });
    await stage.query(
      `INSERT INTO call_logs (lead_id, direction, called_at) VALUES (1, 'in', now() - interval '2 hours'), (1, '', now() - interval '1 hour')`,
    );
    const points = (await lag()) ?? [];
    const seconds = points.map(({ value }) => value as number);
    expect(Math.max(...seconds)).toBeGreaterThanOrEqual(3_600);
    expect(Math.max(...seconds)).toBeLessThan(3_600 + 600);
    await other.stop();
  });

  it('exports how long migrations took and held locks, and how far index builds are', async () => {
    await stage.query('ALTER TABLE leads ADD COLUMN IF NOT EXISTS extra text');
    const { context } = stage.application;
    await context.get(MigrationsService).run();
    await context.get(IndexesService).run();
    const points = await collect();
    const migration = { 'migration.name': 'AddOther1700000000000', 'migration.data_source': 'default' };
    expect(points.get('migration.duration')).toMatchObject({
      unit: 's',
      points: [{ attributes: { ...migration, 'migration.outcome': 'done' }, value: { count: 1 } }],
    });
    expect(points.get('migration.lock.duration')?.points).toMatchObject([
      {
        attributes: {
          ...migration,
          'db.collection.name': expect.stringContaining('leads') as string,
          'migration.lock.mode': 'AccessExclusiveLock',
        },
        value: { count: 1 },
      },
    ]);
    expect(points.get('index.build.progress')?.points).toEqual([
      { attributes: { 'index.name': 'leads_name', 'db.collection.name': '"leads"' }, value: 1 },
    ]);
    expect(recorded.pathOf(recorded.named('migration AddOther1700000000000')[0] as RecordedSpan)).toEqual([
      'migration AddOther1700000000000',
      'phase migrate',
    ]);
  });

  it('has spans of a deployment, its phases, runs, ranges and batches, each below the one before', async () => {
    recorded.spans.length = 0;
    await addLeads(stage.database, 12);
    const services = new PhaseServices(stage.application.context, 'AppModule');
    const phases = [new MigratePhase({}), new IndexesPhase({}), new BackfillPhase({ names: ['names'] }, {})];
    await new DeploySequence(phases, { onError: () => undefined, signal: new AbortController().signal }).run(
      services,
    );
    const [batch] = recorded.named('batch');
    expect(recorded.pathOf(batch as RecordedSpan)).toEqual([
      'batch',
      'range',
      'backfill names',
      'phase backfill',
      'deploy',
    ]);
    expect(recorded.named('phase indexes').map((span) => recorded.pathOf(span))).toEqual([
      ['phase indexes', 'deploy'],
    ]);
    expect(recorded.named('backfill names')).toMatchObject([
      { attributes: { 'backfill.status': 'complete', 'backfill.rows': 12 }, status: undefined },
    ]);
    expect(recorded.named('deploy')).toMatchObject([{ attributes: { 'deploy.outcome': 'complete' } }]);
    expect(recorded.spans.every(({ ended }) => ended)).toBe(true);
  });

  it('links the span of a run to that of the run before, also of another process', async () => {
    recorded.spans.length = 0;
    await addLeads(stage.database, 2);
    await stage.run('names');
    const other = await TestApplication.start({
      database: stage.database,
      entities: LEAD_TABLES,
      backfills: [Names],
    });
    await addLeads(stage.database, 2);
    await other.service.run();
    await other.stop();
    const [first, second, ...others] = recorded.named('backfill names');
    expect(others).toEqual([]);
    expect(first?.links).toEqual([]);
    expect(second?.links).toMatchObject([{ traceId: first?.id.traceId, spanId: first?.id.spanId }]);
    expect(second?.id.traceId).not.toBe(first?.id.traceId);
  });

  it('continues the trace in the variable TRACEPARENT', async () => {
    recorded.spans.length = 0;
    process.env['TRACEPARENT'] = `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`;
    await stage.run('names');
    process.env['TRACEPARENT'] = 'something else';
    await stage.run('names');
    delete process.env['TRACEPARENT'];
    const parents = recorded.named('phase backfill').map(({ parent }) => parent?.traceId);
    expect(parents).toEqual(['1'.repeat(32), undefined]);
  });

  it('has a health indicator: degraded with the reasons, down only where a rule says so', async () => {
    const health = stage.application.context.get(BackfillHealthIndicator);
    expect(await health.check('backfills')).toEqual({
      backfills: { status: 'up', state: 'up', reasons: [] },
    });
    await addLeads(stage.database, 2);
    await stage.query(`INSERT INTO leads (name) VALUES ('bad')`);
    await stage.run('names');
    const degraded = { status: 'up', state: 'degraded', reasons: ['names: 1 rows are in quarantine.'] };
    expect(await health.check('data')).toEqual({ data: degraded });
    expect(await health.check('data', { quarantine: 'ignore' })).toMatchObject({ data: { state: 'up' } });
    const own = { backfills: { names: { quarantine: 'down' } } } as const;
    expect(await health.check('data', { quarantine: 'ignore', ...own })).toMatchObject({
      data: { status: 'down' },
    });
    await stage.application.service.pause('names', { by: 'ada', why: 'lunch' });
    expect(await health.check('data', { quarantine: 'ignore' })).toMatchObject({
      data: { status: 'up', state: 'degraded', reasons: ['names: paused. Paused by ada: lunch.'] },
    });
  });
});
