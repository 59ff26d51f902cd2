import { nullable, number, text } from '../../postgres/decoders.js';
import type { Statement } from '../../postgres/pipeline.js';
import type { Session } from '../../postgres/session.js';
import { isoTime } from '../../postgres/text-format.js';
import type { LedgerContext, SubjectContext } from '../ledger.context.js';

/** A moment of the run of one process. Counts are since it began. */
export interface NewSample {
  /** Identifies the run of the process. */
  readonly run: string;
  readonly updated: number;
  readonly batches: number;
  readonly remaining: number | null;
  readonly batchSize: number | null;
  readonly throttledMs: number;
  readonly waitingFor: string | null;
  /** Milliseconds since the wait began; null if the run does not wait. */
  readonly waitedMs: number | null;
}

/** The age from which of several samples in this time only one is kept. The last one is the age of deletion. */
const THINNING = [
  { olderThan: '1 hour', keptEvery: 60 },
  { olderThan: '1 day', keptEvery: 900 },
  { olderThan: '30 days', keptEvery: null },
] as const;
/** Points of a chart. */
const MAX_POINTS = 240;

/** The course of the runs of one backfill. */
export class SampleLedger {
  readonly #context: SubjectContext;

  constructor(context: SubjectContext) {
    this.#context = context;
  }

  /** Adds a sample. Without a record of the backfill, it does nothing. */
  add(sample: NewSample): Statement {
    const { schema, values } = this.#context;
    const numbers = [sample.updated, sample.batches, sample.remaining, sample.batchSize, sample.throttledMs];
    return {
      text: `INSERT INTO ${schema}.sample
          (name, version, target, run, updated, batches, remaining, batch_size, throttled_ms, waiting_for, waiting_since)
        SELECT name, version, target, $4, $5::bigint, $6::bigint, $7::bigint, $8::int, $9::bigint, $10,
          clock_timestamp() - $11::float8 * interval '1 millisecond'
        FROM ${schema}.backfill WHERE ${this.#context.is()}`,
      values: [
        ...values,
        sample.run,
        ...numbers.map((value) => (value === null ? null : String(Math.round(value)))),
        sample.waitingFor,
        sample.waitedMs === null ? null : String(sample.waitedMs),
      ],
    };
  }

  /** The points of a chart, the oldest first: one for each of `MAX_POINTS` equal parts of the last hours. */
  async points(session: Session, hours: number) {
    const { schema, values } = this.#context;
    const { last } = await session.send([
      {
        text: `WITH step AS (
            SELECT s.*, updated - lag(updated) OVER previous AS rows, throttled_ms - lag(throttled_ms) OVER previous AS throttled,
              extract(epoch FROM at - lag(at) OVER previous) AS seconds
            FROM ${schema}.sample AS s
            WHERE ${this.#context.is('s')} AND at > clock_timestamp() - $4::float8 * interval '1 hour'
            WINDOW previous AS (PARTITION BY run ORDER BY at)
          ), bucketed AS (
            SELECT floor(extract(epoch FROM at) / ($4::float8 * 3600 / ${MAX_POINTS})) AS bucket, step.*
            FROM step WHERE seconds > 0
          ), per_run AS (
            SELECT bucket, run, max(at) AS at, sum(rows) / sum(seconds) AS rate, sum(throttled) / 1000 / sum(seconds) AS throttled,
              (array_agg(remaining ORDER BY at DESC))[1] AS remaining, (array_agg(batch_size ORDER BY at DESC))[1] AS batch_size,
              (array_agg(waiting_for ORDER BY at DESC))[1] AS waiting_for
            FROM bucketed GROUP BY bucket, run
          )
          SELECT ${isoTime('max(at)')}, round(sum(rate))::text, min(remaining)::text, max(batch_size)::text,
            round(least(1, max(throttled)), 3)::text, max(waiting_for)
          FROM per_run GROUP BY bucket ORDER BY bucket`,
        values: [...values, String(hours)],
      },
    ]);
    return last.all({
      at: text,
      rowsPerSecond: number,
      remaining: nullable(number),
      batchSize: nullable(number),
      throttled: number,
      waitingFor: nullable(text),
    });
  }
}

/** Deletes old samples and old events. The older samples are, the fewer are kept. */
export function thinSamples({ schema }: Pick<LedgerContext, 'schema'>): readonly Statement[] {
  return [
    ...THINNING.map(({ olderThan, keptEvery }) => ({
      text:
        keptEvery === null
          ? `DELETE FROM ${schema}.sample WHERE at < clock_timestamp() - interval '${olderThan}'`
          : `DELETE FROM ${schema}.sample AS s USING (
              SELECT id, row_number() OVER (PARTITION BY name, version, target, run,
                floor(extract(epoch FROM at) / ${keptEvery}) ORDER BY at DESC, id DESC) AS place
              FROM ${schema}.sample WHERE at < clock_timestamp() - interval '${olderThan}'
            ) AS ranked WHERE s.id = ranked.id AND ranked.place > 1`,
    })),
    { text: `DELETE FROM ${schema}.event WHERE at < clock_timestamp() - interval '30 days'` },
  ];
}
