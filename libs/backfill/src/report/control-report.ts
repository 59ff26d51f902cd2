import type { SettingInForce } from '../ledger/control.ledger.js';
import type { BackfillStatus } from '../ledger/status.js';

export const CONTROL_VERBS = ['set', 'pause', 'resume', 'cancel'] as const;
/** What a person can do with a backfill. */
export type ControlVerb = (typeof CONTROL_VERBS)[number];

/**
 * Who acts on a backfill and why. The ledger records both.
 *
 * @publicApi
 */
export interface ControlOptions {
  /** @default `user@host` of this process */
  readonly by?: string;
  /** Shown by `--status`. @default no reason */
  readonly why?: string;
}

/**
 * The effect on one backfill.
 *
 * @publicApi
 */
export interface ControlledBackfill {
  readonly name: string;
  readonly version: number;
  /** False if the backfill was in that state already. */
  readonly changed: boolean;
  readonly status: BackfillStatus;
  /** Why it has this status, in a sentence. */
  readonly reason: string;
  /** The settings that override those in the code. */
  readonly settings: readonly SettingInForce[];
}

/** The result of `--set`, `--pause`, `--resume` or `--cancel`. */
export interface ControlReport {
  readonly phase: 'backfill';
  readonly control: ControlVerb;
  readonly backfills: readonly ControlledBackfill[];
}
