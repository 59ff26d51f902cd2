import { metrics, trace, type Attributes } from '@opentelemetry/api';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { Backfill, type SetBackfill } from 'nestjs-backfill';
import { BackfillHealthIndicator } from 'nestjs-backfill/operate';
import { IsNull } from 'typeorm';
import { Stage } from '../support/applications/stage.ts';
import { addLeads, Lead, LEAD_TABLES, resetLeads } from '../support/tables/lead-tables.ts';

@Backfill<Lead>({ name: 'names', entity: Lead, where: { searchName: IsNull() }, batchSize: 5 })
class Names implements SetBackfill<Lead> {
  set() {
    return { searchName: `CASE WHEN name = 'bad' THEN name::int::text ELSE lower(name) END` };
  }
}

const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
const provider = new MeterProvider({ readers: [reader] });
const spans: { name: string; attributes: Attributes; ended: boolean }[] = [];

describe('an application with OpenTelemetry', () => {
  beforeAll(() => {
    metrics.setGlobalMeterProvider(provider);
    const tracer = {
      startSpan: (name: string, options: { attributes: Attributes }) => {
        const span = { name, attributes: { ...options.attributes }, ended: false };
        spans.push(span);
        return {
          setAttributes: (attributes: Attributes) => Object.assign(span.attributes, attributes),
          setStatus: () => undefined,
          end: () => (span.ended = true),
        };
      },
    };
    trace.setGlobalTracerProvider({ getTracer: () => tracer as never });
  });
  const stage = Stage.for({ entities: LEAD_TABLES, backfills: [Names] });
  beforeEach(() => resetLeads(stage.database));
  afterAll(async () => {
    await provider.shutdown();
    metrics.disable();
    trace.disable();
  });

  it('exports the rows, batches and runs of this process, and what the ledger has pending and in quarantine', async () => {
    await addLeads(stage.database, 12);
    await stage.query(`INSERT INTO leads (name) VALUES ('bad')`);
    await stage.run('names');
    await reader.forceFlush();
    const [last] = exporter.getMetrics().slice(-1);
    const all = last?.scopeMetrics.find(({ scope }) => scope.name === 'nestjs-backfill')?.metrics ?? [];
    const points = new Map(
      all.map(({ descriptor: { name, unit }, dataPoints }) => [
        name,
        { unit, points: dataPoints.map(({ attributes, value }) => ({ attributes, value })) },
      ]),
    );
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
    expect(points.get('backfill.quarantined')?.points).toEqual([{ attributes: name, value: 1 }]);
    expect(points.get('backfill.status')?.points).toContainEqual({
      attributes: { ...name, 'backfill.status': 'incomplete' },
      value: 1,
    });
    expect(spans).toMatchObject([
      {
        name: 'backfill names',
        ended: true,
        attributes: { 'backfill.status': 'incomplete', 'backfill.rows': 12 },
      },
    ]);
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
