import type { DeclaredIndexState } from './catalog/index.presence.js';
import type {
  IndexOutcome,
  IndexPhaseReport,
  IndexReport,
  IndexStatus,
  UndeclaredIndex,
} from './index.report.js';

/** The indexes of one data source after the phase. @publicApi */
export interface DataSourceIndexes extends IndexPhaseReport {
  /** Name of the data source; `default` if it has none. */
  readonly dataSource: string;
}

/** Report of the indexes phase. It never stops a deployment. @publicApi */
export interface IndexesReport {
  readonly phase: 'indexes';
  readonly outcome: IndexOutcome;
  /** Set when the phase could not run or was interrupted. */
  readonly reason?: string;
  readonly dataSources: readonly DataSourceIndexes[];
}

/** The indexes in `--status` and `--plan`. @publicApi */
export interface IndexesStatus {
  readonly phase: 'indexes';
  readonly dataSources: readonly {
    readonly dataSource: string;
    readonly indexes: readonly DeclaredIndexState[];
    /** Existing indexes that are no longer declared. */
    readonly undeclared: readonly UndeclaredIndex[];
  }[];
}

/** Whether the index exists as declared. */
export function isBuilt(status: IndexStatus): boolean {
  return status === 'exists' || status === 'built' || status === 'rebuilt';
}

/** @param backfills the backfills that are not complete, with their statuses */
export function describeWait(backfills: string): string {
  return `It is built after the backfill ${backfills}.`;
}

/** The difference as a sentence. */
export function describeDifference({
  declared,
  existing,
}: Pick<IndexReport, 'declared' | 'existing'>): string {
  return `It is ${existing ?? 'another index'}, but the declaration is ${declared ?? 'different'}. --rebuild replaces it.`;
}

/** The reason as a sentence. */
export function describeFailure(report: IndexReport): string {
  const { status, error, reason } = report;
  if (error) return error.message;
  if (reason !== undefined) return reason;
  if (status === 'busy') return 'Another session is building it.';
  return describeDifference(report);
}
