import type { PresentIndex } from './index.presence.js';
import type {
  IndexOutcome,
  IndexPhaseReport,
  IndexReport,
  IndexStatus,
  UndeclaredIndex,
} from './index.report.js';

/** What was done to the indexes of one data source. */
export interface DataSourceIndexes extends IndexPhaseReport {
  /** Its name; `default` for one without. */
  readonly dataSource: string;
}

/** What came of the indexes phase. Never a reason to stop a deployment. */
export interface IndexesReport {
  readonly phase: 'indexes';
  readonly outcome: IndexOutcome;
  /** Set when the phase could not run at all or was cut short. */
  readonly reason?: string;
  readonly dataSources: readonly DataSourceIndexes[];
}

/** What `--status` and `--plan` tell of the indexes phase. */
export interface IndexesStatus {
  readonly phase: 'indexes';
  readonly dataSources: readonly {
    readonly dataSource: string;
    readonly indexes: readonly PresentIndex[];
    /** Built by this library once, still there, and no longer declared. */
    readonly undeclared: readonly UndeclaredIndex[];
  }[];
}

/** Whether the index stands as it is declared. */
export function isBuilt(status: IndexStatus): boolean {
  return status === 'exists' || status === 'built' || status === 'rebuilt';
}

/** In a sentence. */
export function whatDiffers({ declared, existing }: Pick<IndexReport, 'declared' | 'existing'>): string {
  return `It is ${existing ?? 'another'}; declared is ${declared ?? 'something else'}. --rebuild replaces it.`;
}

/** In a sentence. */
export function whyNotBuilt(report: IndexReport): string {
  const { status, error } = report;
  if (error) return error.message;
  if (status === 'busy') return 'Another session is building it at this moment.';
  return whatDiffers(report);
}
