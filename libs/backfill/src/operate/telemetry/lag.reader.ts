import type { BackfillDefinition } from '../../backfills/definition/definition.js';
import { ROW } from '../../backfills/definition/definition.js';
import { columnOfRow } from '../../backfills/definition/columns.js';
import { withShortTimeouts } from '../../backfills/pending/cheap.probe.js';
import { nullable, number } from '../../postgres/decoders.js';
import { Session } from '../../postgres/session.js';
import { applyPolicy } from '../../postgres/timeout-policy.js';

/** After a query, a pause of this many times its duration, so that queries take 5 % of the time at most. */
const PAUSE_FACTOR = 20;
const MIN_PAUSE_MS = 10_000;

interface Known {
  readonly seconds: number | null;
  /** By performance.now(). */
  readonly until: number;
}

/** The age of the oldest pending row, by the column that a backfill names. */
export class LagReader {
  readonly #known = new Map<string, Known>();

  /** Seconds; 0 without a pending row; null if it takes too long to find out. */
  async read(definition: BackfillDefinition): Promise<number | null> {
    const known = this.#known.get(definition.name);
    if (known && performance.now() < known.until) return known.seconds;
    const startedAt = performance.now();
    const seconds = await query(definition).catch(() => null);
    const pauseMs = Math.max(MIN_PAUSE_MS, (performance.now() - startedAt) * PAUSE_FACTOR);
    this.#known.set(definition.name, { seconds, until: performance.now() + pauseMs });
    return seconds;
  }
}

async function query(given: BackfillDefinition): Promise<number | null> {
  const { dataSource, table, pending, pace, lagColumn } = withShortTimeouts(given);
  if (lagColumn === null) return null;
  const session = await Session.open(dataSource);
  try {
    const { last } = await session.transaction([
      applyPolicy(pace),
      {
        text: `SELECT greatest(0::float8, extract(epoch FROM pg_catalog.clock_timestamp() - pg_catalog.min(${columnOfRow(lagColumn)})::timestamptz)::float8)::text
          FROM ${table} AS ${ROW} WHERE ${pending.sql}`,
        values: pending.parameters,
      },
    ]);
    return last.value(nullable(number)) ?? 0;
  } finally {
    await session.close();
  }
}
