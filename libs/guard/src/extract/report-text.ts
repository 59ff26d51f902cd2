import { shownPath } from '../report/paths.js';
import type { RuleId } from '../rules/rule.types.js';
import type { Extraction } from './extraction.js';

/**
 * What a person does after `extract --write`.
 *
 * @param locks the rules that refuse statements of the contract migration on a large table
 */
export function nextSteps(
  { backfills, tables, contract }: Extraction,
  locks: readonly RuleId[],
): readonly string[] {
  const classes = backfills.map(({ className }) => className).join(', ');
  const entities = tables.flatMap(({ code }) => /export const (\w+)/.exec(code)?.[1] ?? []);
  const skeletons = backfills.filter(({ kind }) => kind === 'process');
  return [
    `Add ${classes} to the providers of a module.`,
    ...(entities.length === 0 ? [] : [`Add ${entities.join(', ')} to the entities of the data source.`]),
    ...skeletons.map(
      ({ className, file }) =>
        `Complete ${className} in ${shownPath(file.path)}: it holds the code of the migration, and fails until \`isComplete\` is true.`,
    ),
    `Review \`where\` of each backfill, then see its plan: \`npx nest start --backfill ${backfills[0]?.name ?? ''} --plan\`.`,
    ...(contract === undefined || locks.length === 0
      ? []
      : [
          `${contract.className} refuses its own statements on a large table (${locks.join(', ')}), because it extends SchemaMigration: see \`npx nestjs-backfill-guard fix ${shownPath(contract.file.path)}\`.`,
        ]),
    ...(contract === undefined
      ? []
      : [
          `Deploy: ${contract.className} waits until the backfills are complete. On a database where the old migration ran already, insert its name into the table of migrations instead of running it.`,
        ]),
  ];
}
