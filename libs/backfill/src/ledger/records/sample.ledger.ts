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

/** The samples of the runs of one backfill. */
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
          pg_catalog.clock_timestamp() - $11::float8 * interval '1 millisecond'
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
            SELECT s.*, updated - pg_catalog.lag(updated) OVER previous AS rows, throttled_ms - pg_catalog.lag(throttled_ms) OVER previous AS throttled,
              extract(epoch FROM at - pg_catalog.lag(at) OVER previous)::float8 AS seconds
            FROM ${schema}.sample AS s
            WHERE ${this.#context.is('s')} AND at > pg_catalog.clock_timestamp() - $4::float8 * interval '1 hour'
            WINDOW previous AS (PARTITION BY run ORDER BY at)
          ), bucketed AS (
            SELECT pg_catalog.floor(extract(epoch FROM at)::float8 / ($4::float8 * 3600::float8 / ${MAX_POINTS}::float8)) AS bucket, step.*
            FROM step WHERE seconds > 0::float8
          ), per_run AS (
            SELECT bucket, run, pg_catalog.max(at) AS at, pg_catalog.sum(rows)::float8 / pg_catalog.sum(seconds) AS rate, pg_catalog.sum(throttled)::float8 / 1000::float8 / pg_catalog.sum(seconds) AS throttled,
              (pg_catalog.array_agg(remaining ORDER BY at DESC))[1] AS remaining, (pg_catalog.array_agg(batch_size ORDER BY at DESC))[1] AS batch_size,
              (pg_catalog.array_agg(waiting_for ORDER BY at DESC))[1] AS waiting_for
            FROM bucketed GROUP BY bucket, run
          )
          SELECT ${isoTime('pg_catalog.max(at)')}, pg_catalog.round(pg_catalog.sum(rate))::text, pg_catalog.min(remaining)::text, pg_catalog.max(batch_size)::text,
            pg_catalog.round(least(1, pg_catalog.max(throttled))::numeric, 3)::text, pg_catalog.max(waiting_for)
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
          ? `DELETE FROM ${schema}.sample WHERE at < pg_catalog.clock_timestamp() - interval '${olderThan}'`
          : `DELETE FROM ${schema}.sample AS s USING (
              SELECT id, pg_catalog.row_number() OVER (PARTITION BY name, version, target, run,
                pg_catalog.floor(extract(epoch FROM at)::float8 / ${keptEvery}::float8) ORDER BY at DESC, id DESC) AS place
              FROM ${schema}.sample WHERE at < pg_catalog.clock_timestamp() - interval '${olderThan}'
            ) AS ranked WHERE s.id = ranked.id AND ranked.place > 1`,
    })),
    { text: `DELETE FROM ${schema}.event WHERE at < pg_catalog.clock_timestamp() - interval '30 days'` },
  ];
}
