import type { BackfillLedger } from '../../../ledger/backfill.ledger.js';
import { RowSelection } from '../../batch/row-selection.js';
import { inspectTable } from '../../batch/table.inspector.js';
import type { BackfillDefinition } from '../../definition/definition.js';
import type { BackfillObserver } from '../../../report/observer.js';
import { ignoreObserverErrors } from '../../../report/observer.wrapper.js';
import type { BackfillReport } from '../../../report/report.js';
import type { RunConnection } from '../connection/run-connection.js';
import type { RunLog } from '../log/run-log.js';
import type { RunScope } from '../scope/run-scope.js';
import { NO_NUMBERS, readRunNumbers, type RunNumbers } from './run-numbers.reader.js';
import type { RunOutcome } from './run-outcome.js';

export interface RunReporterOptions {
  readonly definition: BackfillDefinition;
  readonly ledger: BackfillLedger;
  readonly connection: RunConnection;
  readonly log: RunLog;
  readonly scope: RunScope;
  readonly observer: BackfillObserver;
}

export interface ReportedRun {
  readonly outcome: RunOutcome;
  /** False if the run continues with another part. The report then contains only the counts of this part. */
  readonly endsRun: boolean;
  /** Null if the run ended before the table was inspected. */
  readonly selection: RowSelection | null;
  /** Whether this run, or an earlier part of it, has set the ledger's status to `running`. */
  readonly isRecordedAsRunning: boolean;
}

/** Creates the report of a run and passes it to the observer. */
export class RunReporter {
  readonly #options: RunReporterOptions;

  constructor(options: RunReporterOptions) {
    this.#options = options;
  }

  async report(run: ReportedRun): Promise<BackfillReport> {
    const { ledger, log, observer, scope } = this.#options;
    const { outcome, endsRun } = run;
    const { withoutRows = [], unprovable, waitsForBackfill } = outcome;
    const cascades = run.selection?.facts.cascades;
    const numbers = endsRun ? await this.#numbers(run) : NO_NUMBERS;
    const report: BackfillReport = {
      ...ledger.reported,
      status: outcome.status,
      nothingToDo: outcome.nothingToDo ?? false,
      proved: outcome.proved,
      ...(unprovable && { unprovable }),
      reason: outcome.reason,
      updated: log.updated,
      batches: log.batches,
      durationMs: log.durationMs,
      rowsPerSecond: log.rowsPerSecond,
      waitingFor: outcome.waitingFor,
      ...(waitsForBackfill !== undefined && { waitsForBackfill }),
      ...numbers,
      ...(cascades && { cascades: cascades.report() }),
      ...(log.proofMs === null ? {} : { proofMs: log.proofMs }),
      ...(scope.reportedTenants === null ? {} : { onlyTenants: scope.reportedTenants }),
      ...(withoutRows.length > 0 ? { withoutRows } : {}),
    };
    ignoreObserverErrors(observer).finished(report);
    return report;
  }

  async #numbers(run: ReportedRun): Promise<RunNumbers> {
    const { definition, ledger, connection, scope } = this.#options;
    return readRunNumbers(connection, {
      definition,
      ledger,
      selection: scope.isPartOfRun ? await this.#selectAllTenants(run) : run.selection,
      tenants: scope.reportedTenants,
      proved: run.outcome.proved || run.outcome.unprovable !== undefined,
    });
  }

  /** The report of the last part covers all tenants. */
  async #selectAllTenants({ selection, isRecordedAsRunning }: ReportedRun): Promise<RowSelection | null> {
    const { definition, ledger, connection } = this.#options;
    const inspect = () => connection.ask((session) => inspectTable(session, definition));
    const facts = selection?.facts ?? (isRecordedAsRunning ? await inspect() : null);
    return facts && new RowSelection(definition, ledger, facts, null);
  }
}
