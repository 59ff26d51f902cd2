import type { BackfillStatus } from '../../ledger/status.js';
import type { SettingInForce } from '../../ledger/control.ledger.js';

export const CONTROL_VERBS = ['set', 'pause', 'resume', 'cancel'] as const;
/** What a person may want of a backfill. */
export type ControlVerb = (typeof CONTROL_VERBS)[number];

/** Who wants it and why, for the ledger. */
export interface ControlOptions {
  /** @default `user@host` of this process */
  readonly by?: string;
  /** Told by `--status` and kept in the ledger. */
  readonly why?: string;
}

/** What came of it for one backfill. */
export interface ControlledBackfill {
  readonly name: string;
  readonly version: number;
  /** False when it was so already. */
  readonly changed: boolean;
  readonly status: BackfillStatus;
  /** Why it stands there, in a sentence. */
  readonly reason: string;
  /** What is set now, over what the code says. */
  readonly settings: readonly SettingInForce[];
}

/** What came of `--set`, `--pause`, `--resume` or `--cancel`. */
export interface ControlReport {
  readonly phase: 'backfill';
  readonly control: ControlVerb;
  readonly backfills: readonly ControlledBackfill[];
}
