import { loadClassifier } from 'nestjs-backfill-sql';
import { loadParser } from 'nestjs-backfill-sql/tree';
import type { CheckOptions, CheckReport } from './check.types.js';
import { MigrationChecker } from './migration.checker.js';

/**
 * Checks migrations without running them. Only reads files; needs no database and does not run the application.
 * A file that cannot be checked is in `problems` of the report.
 *
 * @throws {PathNotFoundError} when a path does not exist
 * @publicApi
 */
export async function checkFiles(options: CheckOptions): Promise<CheckReport> {
  return new MigrationChecker(await loadClassifier(), options, await loadParser()).run();
}
