import { renderPlan } from '../../../libs/backfill/src/one-shot/output/text/plan.renderer.ts';
import { planOf } from './reports.ts';

describe('the plan', () => {
  it('shows rows, rate, index, triggers, the statement and its execution plan', () => {
    expect(renderPlan({ phase: 'backfill', plan: [planOf()] })).toBe(`
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
    const plan = renderPlan({
      phase: 'backfill',
      plan: [estimated, planOf({ pending: null, batches: null })],
    });
    expect(plan).toContain('Pending:  ~98,213 rows, ~492 batches of 200\n');
    expect(plan).toContain('Rate:     not measured');
    expect(plan).toContain('Index:    none serves the pending predicate\n');
    expect(plan).toContain('Triggers: none will fire\n');
    expect(plan).toContain('Warning:  No index serves it.\n');
    expect(plan).toContain('Pending:  unknown: neither a count nor an estimate is available\n');
    const done = planOf({ pending: 0, batches: 0, measuredRowsPerSecond: null });
    expect(renderPlan({ phase: 'backfill', plan: [done] })).toContain('not measured: no row is pending');
  });

  it('says that no index is needed while most rows are pending', () => {
    expect(renderPlan({ phase: 'backfill', plan: [planOf({ index: null })] })).toContain(
      'Index:    none is needed: while most rows are pending, the sweep and the proof read them in any case\n',
    );
  });

  it('is two lines for a complete backfill, with what seals it', () => {
    const complete = planOf({ status: 'complete', pending: 0, index: null, indexPays: true });
    const sealed = { ...complete, sealedBy: 'NOT NULL of direction' };
    expect(renderPlan({ phase: 'backfill', plan: [complete, sealed] })).toBe(`
leads-direction (version 1): set on public.leads, complete
  Pending:  no row; a run only proves it

leads-direction (version 1): set on public.leads, complete
  Pending:  no row, and no row can become pending (sealed by NOT NULL of direction)

Nothing was changed.
`);
  });
});
