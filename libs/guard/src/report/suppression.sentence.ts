import type { SuppressionProblem } from '../check/outcome.js';

/** Why a comment suppresses nothing, and what to write instead. */
export function suppressionSentence({ suppression: { rule }, problem }: SuppressionProblem): string {
  const comment = `nestjs-backfill-ignore${rule === '' ? '' : ` ${rule}`}`;
  return `${comment} suppresses nothing: ${REASONS[problem]}`;
}

const EXAMPLE = '`nestjs-backfill-ignore update: <reason>`';

const REASONS = {
  'no-reason': 'it has no reason. Write the reason after a colon',
  wildcard: `it does not name a rule. Write one comment for each rule, with the name in the finding: ${EXAMPLE}`,
  'unknown-rule': `the guard has no rule of this name. Write one comment for each rule, with the name in the finding: ${EXAMPLE}`,
  unused: 'no finding matches it. Remove it',
} as const satisfies Record<SuppressionProblem['problem'], string>;
