import type { BackfillPhaseReport, BackfillReport, PhaseOutcome } from '../../../backfills/report/report.js';

const OUTCOMES = {
  complete: 'Complete: every backfill is done, which its query proves.',
  incomplete: 'Incomplete: work is left. The next run goes on where this one stopped.',
  failed: 'Failed.',
  'nothing-to-do': 'Nothing to do: every backfill was complete, which its query proved again.',
} as const satisfies Record<PhaseOutcome, string>;

/** The same of a run for some tenants, which has looked at nothing of the others. */
const OUTCOMES_OF_TENANTS = {
  complete:
    'Complete for the tenants asked for: every row of theirs is done, which the query proves. The others were not looked at.',
  'nothing-to-do':
    'Nothing to do for the tenants asked for: no row of theirs was pending, which the query proved. The others were not looked at.',
} as const satisfies Partial<Record<PhaseOutcome, string>>;

const WITHOUT_ROWS = 'Nothing to do: no row has a tenant that was asked for. Look at how they are spelt.';

/** Why work is left, where the next run would not simply go on with it, and what does. */
const WHAT_IS_LEFT: readonly {
  readonly applies: (report: BackfillReport) => boolean;
  readonly tell: string;
}[] = [
  {
    applies: ({ status }) => status === 'running',
    tell: 'Incomplete: another process is running what is left, and this one left it to that one. `--status` tells how far it is.',
  },
  {
    applies: ({ status }) => status === 'paused' || status === 'cancelled',
    tell: 'Incomplete: what is left is held back by a person. `--resume` lets the next run take it up.',
  },
  {
    applies: ({ quarantined, remaining }) => quarantined > 0 && remaining === quarantined,
    tell: 'Incomplete: only rows in quarantine are left. `--status` shows their errors; mend the cause, then run with `--retry-quarantined`.',
  },
];

/** What came of the whole phase, in a sentence. */
export function renderClosingLine({ outcome, backfills }: BackfillPhaseReport): string {
  if (outcome === 'complete' || outcome === 'nothing-to-do') {
    if (!backfills.some(({ onlyTenants }) => onlyTenants)) return OUTCOMES[outcome];
    return backfills.every(isWithoutRows) ? WITHOUT_ROWS : OUTCOMES_OF_TENANTS[outcome];
  }
  if (outcome !== 'incomplete') return OUTCOMES[outcome];
  const left = backfills.filter(({ proved }) => !proved);
  const same = left.length > 0 && WHAT_IS_LEFT.find(({ applies }) => left.every(applies));
  return same ? same.tell : OUTCOMES.incomplete;
}

function isWithoutRows({ onlyTenants = [], withoutRows = [] }: BackfillReport): boolean {
  return onlyTenants.length > 0 && onlyTenants.length === withoutRows.length;
}
