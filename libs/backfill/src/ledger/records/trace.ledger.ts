import { nullable, text } from '../../postgres/decoders.js';
import type { Session } from '../../postgres/session.js';
import type { SubjectContext } from '../ledger.context.js';

/** The number of the schema step that creates the table of traces. */
export const TRACE_SCHEMA_STEP = 11;

/** The last span of the runs of one backfill. */
export class TraceLedger {
  readonly #context: SubjectContext;

  constructor(context: SubjectContext) {
    this.#context = context;
  }

  /** Records a span. @returns that of the run before; null if there is none */
  async replace(session: Session, traceparent: string): Promise<string | null> {
    const { schema, values } = this.#context;
    const { last } = await session.transaction([
      {
        text: `WITH before AS (SELECT traceparent FROM ${schema}.run_trace WHERE ${this.#context.is()})
          INSERT INTO ${schema}.run_trace AS t (name, version, target, traceparent)
          SELECT name, version, target, $4 FROM ${schema}.backfill WHERE ${this.#context.is()}
          ON CONFLICT (name, version, target) DO UPDATE SET traceparent = excluded.traceparent, at = pg_catalog.clock_timestamp()
          RETURNING (SELECT traceparent FROM before)`,
        values: [...values, traceparent],
      },
    ]);
    return last.firstValue(nullable(text)) ?? null;
  }
}
