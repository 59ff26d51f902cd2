import type { Phase } from '../../deploy/phases.js';
import type { OneShotAction } from '../one-shot.action.js';
import type { Shell } from './completion.script.js';
import type { ControlArguments } from './control.arguments.js';
import type { HousekeepingArguments } from './housekeeping.arguments.js';

export const LOG_FORMATS = ['text', 'json'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

/** The parsed arguments of a one-shot run. */
export interface OneShotArguments {
  readonly action: OneShotAction;
  readonly phases: readonly Phase[];
  /** Names of backfills; empty for all. */
  readonly names: readonly string[];
  /** Empty for all. */
  readonly tenants: readonly string[];
  /** Tables or schemas of the status; empty for all. */
  readonly targets: readonly string[];
  /** The time limit of the backfills; undefined for none. */
  readonly maxDurationMs: number | undefined;
  /** How long an index build may wait for other transactions; undefined for the default. */
  readonly maxWaitMs: number | undefined;
  readonly connectTimeoutMs: number;
  readonly retryQuarantined: boolean;
  /** Replace indexes that differ from their declaration. */
  readonly rebuild: boolean;
  readonly strict: boolean;
  readonly json: boolean;
  /** How log lines and events are written. */
  readonly logFormat: LogFormat;
  readonly progress: boolean;
  /** A plan with its SQL. */
  readonly verbose: boolean;
  /** Only with `--completion`. */
  readonly shell?: Shell;
  /** Only with `--set`, `--pause`, `--resume` and `--cancel`. */
  readonly control?: ControlArguments;
  /** Only with `--prune`, `--forget` and `--grants`. */
  readonly housekeeping?: HousekeepingArguments;
}

export const DEFAULT_CONNECT_TIMEOUT_MS = 60_000;
