import type { IndexOutcome, IndexPhaseReport, IndexReport, IndexStatus } from '../indexes/index.report.js';

/** What was done to the indexes of one data source. */
export interface DataSourceIndexes extends Omit<IndexPhaseReport, 'phase'> {
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

/** `invalid`: left behind by a broken build; the next run builds it again. */
export const INDEX_PRESENCES = ['exists', 'missing', 'building', 'invalid', 'misdeclared'] as const;
export type IndexPresence = (typeof INDEX_PRESENCES)[number];

/** What `--status` and `--plan` tell of the indexes phase. Whether one is as declared is found by building alone. */
export interface IndexesStatus {
  readonly phase: 'indexes';
  readonly dataSources: readonly {
    readonly dataSource: string;
    readonly indexes: readonly {
      readonly name: string;
      readonly table: string;
      readonly presence: IndexPresence;
      /** With `misdeclared`: why. */
      readonly reason?: string;
    }[];
  }[];
}

/** Whether the index stands as it is declared. */
export function isBuilt(status: IndexStatus): boolean {
  return status === 'exists' || status === 'built' || status === 'rebuilt';
}

/** In a sentence. */
export function whyNotBuilt({ status, error, declared, existing }: IndexReport): string {
  if (error) return error.message;
  if (status === 'busy') return 'Another session is building it at this moment.';
  return `It is ${existing ?? 'another'}; declared is ${declared ?? 'something else'}. --rebuild replaces it.`;
}
