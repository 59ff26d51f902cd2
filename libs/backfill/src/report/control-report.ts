import type { SettingInForce } from '../ledger/control.ledger.js';
import type { BackfillStatus } from '../ledger/status.js';

export const CONTROL_VERBS = ['set', 'pause', 'resume', 'cancel'] as const;
/** The actions of a person on a backfill. */
export type ControlVerb = (typeof CONTROL_VERBS)[number];

/** How a command of a person ends early, and whom it tells that it waits. @publicApi */
export interface CommandOptions {
  /** Stops it: a statement that waits is cancelled, and what it would have changed stays as it is. @default never */
  readonly signal?: AbortSignal;
  /**
   * Called after two seconds, and again when it changes, with what the command waits for, e.g. a lock and its holder.
   * @default not reported
   */
  readonly waiting?: (waitingFor: string) => void;
}

/**
 * The person who acts on a backfill, and the reason. The ledger records both.
 *
 * @publicApi
 */
export interface ControlOptions extends CommandOptions {
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

/** Some of the tables of a backfill, as `schema.table`. @publicApi */
export interface TableList {
  readonly total: number;
  /** The first ten by name. */
  readonly first: readonly string[];
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
  /** The tables that the action changed. */
  readonly changedTargets: TableList;
  /** The tables that kept their status, by that status. */
  readonly unchangedTargets: readonly (TableList & { readonly status: BackfillStatus })[];
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
  /** Names on which the command had no effect. Absent if there are none. */
  readonly refused?: readonly RefusedControl[];
}

/** A backfill on which a control command had no effect. */
export interface RefusedControl {
  readonly name: string;
  /**
   * `status`: its status does not allow the change. `error`: an error or a signal ended the command before it. Then the
   * exit code is 2.
   */
  readonly kind: 'status' | 'error';
  /** The reason, as one or more sentences. */
  readonly reason: string;
}
