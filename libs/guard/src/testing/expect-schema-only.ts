import { resolve } from 'node:path';
import { DEFAULT_BASELINE, readBaseline } from '../baseline/baseline.file.js';
import { checkFiles } from '../check/check-files.js';
import type { CheckOptions } from '../check/check.types.js';
import { judgeOutcome } from '../check/outcome.js';
import { NoMigrationsError } from '../guard.error.js';
import { textReport } from '../report/text.report.js';
import { DataInMigrationsError } from './data-in-migrations.error.js';

export interface SchemaOnlyOptions extends Omit<CheckOptions, 'paths'> {
  /** The baseline's file. @default 'nestjs-backfill-baseline.json', when it exists */
  readonly baseline?: string;
}

/**
 * Fails the test when a migration changes rows, or could not be checked. Works in any test runner.
 * @param paths a folder or file of migrations, or several
 * @throws {DataInMigrationsError} with the report that the command line prints
 * @throws {NoMigrationsError} when there is nothing to check
 * @publicApi
 * @example
 * it('keeps data out of migrations', () => expectSchemaOnly('src/migrations'));
 */
export async function expectSchemaOnly(
  paths: string | readonly string[],
  { baseline, ...options }: SchemaOnlyOptions = {},
): Promise<void> {
  const all = typeof paths === 'string' ? [paths] : paths;
  const report = await checkFiles({ ...options, paths: all });
  if (report.migrations.length === 0 && report.problems.length === 0) throw new NoMigrationsError(all);
  const file = resolve(baseline ?? DEFAULT_BASELINE);
  const outcome = judgeOutcome(report, readBaseline(file), file);
  const failed = outcome.problems.length > 0 || outcome.findings.some(({ status }) => status === 'new');
  if (failed) throw new DataInMigrationsError(all, textReport(outcome, { colour: false, timing: false }));
}
