import { number } from '../../postgres/decoders.js';
import type { Statement } from '../../postgres/pipeline.js';
import type { StatementResult } from '../../postgres/statement-result.js';
import type { TableFacts } from './table.inspector.js';

/** Where the time of a batch went, in milliseconds. The time between the server and this process is not part of it. */
export interface BatchTime {
  /** The time of the batch's statements by the server's clock. Without the application's code and without COMMIT. */
  readonly serverMs: number;
  /** The time by the server's clock from the first row lock to just before COMMIT. Other sessions may wait so long. */
  readonly lockedMs: number;
  /** The time that the application's code took in this process. */
  readonly codeMs: number;
}

/** The time of a batch that found no row. */
export const NO_TIME: BatchTime = { serverMs: 0, lockedMs: 0, codeMs: 0 };

/**
 * Reads the server's clock. As the last statement of a batch it comes after the triggers and the checks that
 * PostgreSQL runs at the end of the statement that changes rows, which that statement itself cannot measure.
 */
export const READ_CLOCK: Statement = { text: `SELECT ${microseconds('pg_catalog.clock_timestamp()')}` };

/**
 * Runs deferred triggers and checks now instead of at COMMIT, where the server's time cannot be measured. No
 * statement of the batch follows that could still make them succeed.
 */
const RUN_DEFERRED: Statement = { text: 'SET CONSTRAINTS ALL IMMEDIATE' };

/** The last statements of a batch. The last one is `READ_CLOCK`. */
export function endOfBatch({ hasDeferredTriggers }: TableFacts): Statement[] {
  return hasDeferredTriggers ? [RUN_DEFERRED, READ_CLOCK] : [READ_CLOCK];
}

/** SQL for the time at which the server began to execute the current statement. See `clockMs`. */
export const STATEMENT_START = microseconds('pg_catalog.statement_timestamp()');

/** The server's clock in milliseconds since 1970, from `READ_CLOCK` or `STATEMENT_START`. */
export function clockMs(value: string | null): number {
  return number(value) / 1000;
}

/** @param result of `READ_CLOCK` */
export function readClock(result: StatementResult): number {
  return result.value(clockMs);
}

/** Whole microseconds, because the text of a fraction depends on the role's `extra_float_digits`. */
function microseconds(timestamp: string): string {
  return `(extract(epoch FROM ${timestamp})::numeric * 1000000::numeric)::bigint::text`;
}
