import { json, text } from '../../postgres/decoders.js';
import { isoTime } from '../../postgres/text-format.js';
import type { Statement } from '../../postgres/pipeline.js';
import type { Session } from '../../postgres/session.js';
import type { SubjectContext } from '../ledger.context.js';

/**
 * What limits the speed of a run:
 * - `server`: the server's own work
 * - `network`: the round trip of each batch, and its COMMIT
 * - `process`: the backfill's code, or other work of the process that keeps its event loop busy
 * - `pause`: the pause between two batches
 * - `throttle`: a throttle holds the run
 *
 * @publicApi
 */
export type RunLimit = 'server' | 'network' | 'process' | 'pause' | 'throttle';

/** Where the time of a run goes. The times are means of the last batches, in milliseconds per batch. */
export interface RunPace {
  readonly limitedBy: RunLimit;
  /** Rows that a batch selects; null if no batch has run yet, as for the times. */
  readonly rowsPerBatch: number | null;
  readonly serverMs: number | null;
  readonly networkMs: number | null;
  readonly processMs: number | null;
  readonly pauseMs: number | null;
}

/** The pace as `--status` shows it. @publicApi */
export interface ReportedPace extends RunPace {
  /** ISO 8601, the database's clock. */
  readonly at: string;
}

/** The number of the schema step that creates the columns. */
export const PACE_SCHEMA_STEP = 5;
/** A report that is older does not describe the current run. */
const MAX_AGE = '60 seconds';

/** Where the time of a running backfill goes. */
export class PaceLedger {
  readonly #context: SubjectContext;

  constructor(context: SubjectContext) {
    this.#context = context;
  }

  record(pace: RunPace): Statement {
    const { schema, values } = this.#context;
    return {
      text: `UPDATE ${schema}.backfill SET pace = $4::jsonb, pace_at = pg_catalog.clock_timestamp()
        WHERE ${this.#context.is()} AND status = 'running'`,
      values: [...values, JSON.stringify(pace)],
    };
  }

  /** @returns the last report of a process that works on the backfill now; null if there is none */
  async current(session: Session): Promise<ReportedPace | null> {
    const { schema, values } = this.#context;
    const { last } = await session.send([
      {
        text: `SELECT pace::text, ${isoTime('pace_at')} FROM ${schema}.backfill AS b
          WHERE ${this.#context.is('b')} AND pace_at > pg_catalog.clock_timestamp() - interval '${MAX_AGE}'
            AND EXISTS (SELECT FROM ${schema}.range AS r
              WHERE ${this.#context.is('r')} AND r.lease_expires_at > pg_catalog.clock_timestamp())`,
        values,
      },
    ]);
    const found = last.first({ pace: json<RunPace>(), at: text });
    return found ? { ...found.pace, at: found.at } : null;
  }
}
