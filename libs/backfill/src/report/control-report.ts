import type { SettingInForce } from '../ledger/control.ledger.js';
import type { BackfillStatus } from '../ledger/status.js';

export const CONTROL_VERBS = ['set', 'pause', 'resume', 'cancel'] as const;
/** The actions of a person on a backfill. */
export type ControlVerb = (typeof CONTROL_VERBS)[number];

/**
 * The person who acts on a backfill, and the reason. The ledger records both.
 *
 * @publicApi
 */
export interface ControlOptions {
  /** The person. @default `user@host` of this process */
  readonly by?: string;
  /** The reason, which `--status` shows. @default no reason */
  readonly why?: string;
  /**
   * Tables or schemas, e.g. `tenant_2` or `tenant_2.leads`: only these targets of the backfill. @default every target,
   * also those that a run meets later
   */
  readonly targets?: readonly string[];
}

/**
 * The result of an action on one backfill.
 *
 * @publicApi
 */
export interface ControlledBackfill {
  readonly name: string;
  readonly version: number;
  /** The table that `status` and `settings` are about: the application's own, or the first of the wanted targets. */
  readonly target: string | null;
  /** The tables in the ledger that the action is about. */
  readonly targets: number;
  /** False if the action had no effect, because the backfill already had this status or these settings. */
  readonly changed: boolean;
  readonly status: BackfillStatus;
  /** The reason for the status, as a sentence. */
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
