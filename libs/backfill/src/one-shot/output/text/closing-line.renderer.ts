import type { BackfillPhaseReport, BackfillReport, PhaseOutcome } from '../../../report/report.js';

const OUTCOMES = {
  complete: 'Complete: every backfill is done, and its query proves it.',
  incomplete: 'Incomplete: work is left. The next run continues where this one stopped.',
  failed: 'Failed.',
  'nothing-to-do': 'Nothing to do: every backfill was already complete, and its query proved it again.',
} as const satisfies Record<PhaseOutcome, string>;

/** For a run with `--tenant`, which does not check the rows of other tenants. */
const TENANT_OUTCOMES = {
  complete:
    'Complete for the given tenants: all of their rows are done, and the query proves it. Other tenants were not checked.',
  'nothing-to-do':
    'Nothing to do for the given tenants: none of their rows is pending, and the query proves it. Other tenants were not checked.',
} as const satisfies Partial<Record<PhaseOutcome, string>>;

const NO_TENANT_HAS_ROWS =
  'Nothing to do: no row belongs to a given tenant. Check the spelling of the tenants.';

/** Reasons why the next run alone does not finish the work. Each text says what to do. */
const REASONS_FOR_WORK_LEFT: readonly {
  readonly applies: (report: BackfillReport) => boolean;
  readonly text: string;
}[] = [
  {
    applies: ({ status }) => status === 'running',
    text: 'Incomplete: another process runs the remaining work. `--status` shows its progress.',
  },
  {
    applies: ({ status }) => status === 'paused' || status === 'cancelled',
    text: 'Incomplete: a person has paused or cancelled the remaining work. `--resume` lets the next run continue it.',
  },
  {
    applies: ({ quarantined, remaining }) => quarantined > 0 && remaining === quarantined,
    text: 'Incomplete: only quarantined rows are left. `--status` shows their errors. Fix the cause, then run with `--retry-quarantined`.',
  },
];

/** The outcome of the whole phase in a sentence. */
export function renderClosingLine({ outcome, backfills }: BackfillPhaseReport): string {
  if (outcome === 'nothing-to-do' && backfills.length === 0) return 'Nothing was run.';
  if (outcome === 'complete' || outcome === 'nothing-to-do') {
    if (!backfills.some(({ onlyTenants }) => onlyTenants)) return OUTCOMES[outcome];
    return backfills.every(hasNoTenantRows) ? NO_TENANT_HAS_ROWS : TENANT_OUTCOMES[outcome];
  }
  if (outcome !== 'incomplete') return OUTCOMES[outcome];
  const unproved = backfills.filter(({ proved }) => !proved);
  const commonReason =
    unproved.length > 0 ? REASONS_FOR_WORK_LEFT.find(({ applies }) => unproved.every(applies)) : undefined;
  return commonReason?.text ?? OUTCOMES.incomplete;
}

function hasNoTenantRows({ onlyTenants = [], withoutRows = [] }: BackfillReport): boolean {
  return onlyTenants.length > 0 && onlyTenants.length === withoutRows.length;
}
