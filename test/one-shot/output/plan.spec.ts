import { renderPlan } from '../../../libs/backfill/src/one-shot/output/text/plan.renderer.ts';
import { planOf } from './reports.ts';

describe('the plan', () => {
  it('shows rows, rate, index, triggers, the statement and its execution plan', () => {
    expect(renderPlan({ phase: 'backfill', plan: [planOf()] }, 'full')).toBe(`
leads-direction (version 1): set on public.leads, pending
  Pending:  98,213 rows, 492 batches of 200
  Rate:     2,384 rows/s, measured with one batch that was rolled back; the whole backfill takes ~1 min 06 s
  Index:    leads_pkey
  Triggers: leads_audit (AFTER UPDATE)
  One batch:
    UPDATE "leads"
    SET "direction" = $1
  Its parameters:
    $1 = 'it''s'
    $2 = NULL
  Its plan:
    Update on leads
      ->  Index Scan

Nothing was changed.
`);
  });

  it('shows warnings, and marks estimates and unknown values', () => {
    const estimated = planOf({
      pendingIsEstimate: true,
      index: null,
      indexPays: true,
      triggers: [],
      measuredRowsPerSecond: null,
      warnings: ['No index serves it.'],
    });
    const plan = renderPlan(
      {
        phase: 'backfill',
        plan: [estimated, planOf({ pending: null, batches: null })],
      },
      'full',
    );
    expect(plan).toContain('Pending:  ~98,213 rows, ~492 batches of 200\n');
    expect(plan).toContain('Rate:     not measured');
    expect(plan).toContain('Index:    none serves the pending predicate\n');
    expect(plan).toContain('Triggers: none will fire\n');
    expect(plan).toContain('Warning:  No index serves it.\n');
    expect(plan).toContain('Pending:  unknown: neither a count nor an estimate is available\n');
    const done = planOf({ pending: 0, batches: 0, measuredRowsPerSecond: null });
    expect(renderPlan({ phase: 'backfill', plan: [done] }, 'full')).toContain(
      'not measured: no row is pending',
    );
  });

  it('shows in ten lines what the run costs and the cheapest way; with all details, ratios against one UPDATE', () => {
    const way = { ms: 8_000, walBytes: 80e6, growthBytes: 10e6, isDeclared: false };
    const costs = planOf({
      prediction: {
        ...{ ms: 12_000, walBytes: 80e6, tableGrowthBytes: 8e6, indexGrowthBytes: 2e6, heapOnlyShare: 0.85 },
        ...{ deadRows: 30_000, autovacuumFrom: 20_050 },
        replicas: [{ name: 'r1', lagBytes: 0, replayedPerSecond: 8e6, writtenPerSecond: 6e6 }],
      },
      ways: [
        { ...way, way: 'virtual-column', ms: 0, walBytes: 0, growthBytes: 0 },
        { ...way, way: 'stripes', isDeclared: true },
        { ...way, way: 'one-update', ms: 16_000, walBytes: 100e6, growthBytes: 40e6 },
      ],
    });
    const short = renderPlan({ phase: 'backfill', plan: [costs] }, 'short')
      .trim()
      .split('\n');
    expect(short.findIndex((line) => line === '')).toBeLessThanOrEqual(10);
    expect(short.join('\n')).toContain('Cheapest: a virtual generated column');
    expect(short.join('\n')).not.toMatch(/Ways, with|One batch:|Its plan:|\$1/);
    expect(short.at(-1)).toContain('--plan --verbose');
    expect(renderPlan({ phase: 'backfill', plan: [costs] }, 'full')).toContain(`
  Expected: ~12 s, ~76 MB of WAL; the table grows by ~7.6 MB, its indexes by ~1.9 MB; ~85 % of the updates are heap-only
  Vacuum:   ~30,000 dead rows, above autovacuum's threshold of 20,050 dead rows: it will vacuum the table
  Replica:  "r1" replayed 7.6 MB/s during the plan and is 0 bytes behind; the run writes 5.7 MB/s: it keeps up
  Cheapest: a virtual generated column: no row is written, which saves the run: ~12 s and ~76 MB of WAL. It fits if every row shall have this value.
  Ways, with one worker and no pause; ratios against one UPDATE:
                                                time            WAL         growth
    a virtual generated column                  0 ms  0.00  0 bytes  0.00  0 bytes  0.00
    sweep in page order, in stripes (declared)   8 s  0.50    76 MB  0.80   9.5 MB  0.25
    one UPDATE                                  16 s  1.00    95 MB  1.00    38 MB  1.00
`);
  });

  it('says that no index is needed while most rows are pending', () => {
    expect(renderPlan({ phase: 'backfill', plan: [planOf({ index: null })] }, 'full')).toContain(
      'Index:    none is needed: while most rows are pending, the sweep and the proof read them in any case\n',
    );
  });

  it('is two lines for a complete backfill, with what seals it', () => {
    const complete = planOf({ status: 'complete', pending: 0, index: null, indexPays: true });
    const sealed = { ...complete, sealedBy: 'NOT NULL of direction' };
    expect(renderPlan({ phase: 'backfill', plan: [complete, sealed] }, 'full')).toBe(`
leads-direction (version 1): set on public.leads, complete
  Pending:  no row; a run only proves it

leads-direction (version 1): set on public.leads, complete
  Pending:  no row, and no row can become pending (sealed by NOT NULL of direction)

Nothing was changed.
`);
  });
});
