import { loadClassifier, type StatementClassifier } from 'nestjs-backfill-sql';
import type { DataSource } from 'typeorm';
import { DataInMigrationError } from '../migration.error.js';
import { type OtherConnectionGuard, watchDriver } from './guard-context.js';
import { bookkeepingTables } from './recording-probe.js';
import { judge } from './refusal.js';

/** Without any of these words, SQL neither changes rows nor calls a routine by name. */
const MAY_CHANGE_ROWS = /\b(?:insert|update|delete|merge|truncate|copy|into|do|call|execute)\b/i;

/**
 * Checks what is sent while TypeORM begins, records and commits migrations. Subscribers and loggers of the data
 * source run in this context; TypeORM itself only writes its own tables.
 */
export class PhaseGuard implements OtherConnectionGuard {
  readonly #dataSource: DataSource;
  readonly #classifier: StatementClassifier;

  constructor(dataSource: DataSource, classifier: StatementClassifier) {
    this.#dataSource = dataSource;
    this.#classifier = classifier;
  }

  static async for(dataSource: DataSource): Promise<PhaseGuard> {
    watchDriver(dataSource.driver);
    return new PhaseGuard(dataSource, await loadClassifier());
  }

  admitOnOtherConnection(sql: unknown): void {
    if (typeof sql !== 'string' || !MAY_CHANGE_ROWS.test(sql)) return;
    const options = { exemptTables: [], bookkeeping: bookkeepingTables(this.#dataSource) };
    for (const statement of this.#classifier.classify(sql).statements) {
      const { refused } = judge(statement, options);
      if (refused?.kind === 'data')
        throw new DataInMigrationError({
          migration: 'migrations',
          direction: 'up',
          subject: 'A subscriber or logger of the data source',
          cause: refused,
          sql: statement.text,
          position: refused.finding.position,
          committed: [],
        });
    }
  }
}
