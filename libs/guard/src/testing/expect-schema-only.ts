import { resolve } from 'node:path';
import { DEFAULT_BASELINE, readBaseline } from '../baseline/baseline.file.js';
import { checkFiles } from '../check/check-files.js';
import type { CheckOptions } from '../check/check.types.js';
import { judgeOutcome } from '../check/outcome.js';
import { NoMigrationsError } from '../guard.error.js';
import { textReport } from '../report/text.report.js';
import { DataInMigrationsError } from './data-in-migrations.error.js';

/**
 * The options of `expectSchemaOnly`.
 *
 * @publicApi
 */
export interface SchemaOnlyOptions extends Omit<CheckOptions, 'paths'> {
  /** The file of the baseline. @default 'nestjs-backfill-baseline.json', if it exists */
  readonly baseline?: string;
}

/**
 * Fails the test when a migration changes rows or cannot be checked. Works in every test runner.
 *
 * @param paths one or more folders or files of migrations
 * @throws {DataInMigrationsError} with the report of the command `check`
 * @throws {NoMigrationsError} when there is nothing to check
 * @publicApi
 * @example
 * it('keeps data changes out of migrations', () => expectSchemaOnly('src/migrations'));
 */
export async function expectSchemaOnly(
  paths: string | readonly string[],
  { baseline, ...options }: SchemaOnlyOptions = {},
): Promise<void> {
  const all = typeof paths === 'string' ? [paths] : paths;
  const report = await checkFiles({ locks: 'off', ...options, paths: all });
  if (report.migrations.length === 0 && report.problems.length === 0) throw new NoMigrationsError(all);
  const file = resolve(baseline ?? DEFAULT_BASELINE);
  const outcome = judgeOutcome(report, readBaseline(file), file);
  const failed = outcome.problems.length > 0 || outcome.findings.some(({ status }) => status === 'new');
  if (failed) throw new DataInMigrationsError(all, textReport(outcome, { colour: false, timing: false }));
}
