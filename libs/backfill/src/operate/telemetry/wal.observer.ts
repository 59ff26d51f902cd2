import type { DataSource } from 'typeorm';
import type { BackfillRegistry } from '../../backfills/definition/backfill.registry.js';
import { number } from '../../postgres/decoders.js';
import { Session } from '../../postgres/session.js';
import type { BackfillObserver } from '../../report/observer.js';
import type { Counter, Meter } from './telemetry.loader.js';

/** Milliseconds between two readings during a run. */
const INTERVAL_MS = 5_000;

interface Metered {
  readonly dataSource: DataSource;
  readonly timer: NodeJS.Timeout;
  /** The last position; null before the first reading. */
  position: number | null;
  reading: Promise<void>;
}

/**
 * Counts the WAL that the server has written while a run was working, by all sessions: what replicas and archives have
 * to bear meanwhile.
 */
export class WalObserver implements BackfillObserver {
  readonly #registry: Pick<BackfillRegistry, 'get'>;
  readonly #bytes: Counter;
  readonly #running = new Map<string, Metered>();
  readonly #ended = new Set<Promise<void>>();

  constructor(meter: Meter, registry: Pick<BackfillRegistry, 'get'>) {
    this.#registry = registry;
    this.#bytes = meter.createCounter('backfill.wal', {
      description:
        'WAL that the server has written, by all sessions, while runs of this process were working',
      unit: 'By',
    });
  }

  started({ name }: { readonly name: string }): void {
    if (this.#running.has(name)) return;
    const timer = setInterval(() => this.#read(name), INTERVAL_MS).unref();
    const { dataSource } = this.#registry.get(name);
    this.#running.set(name, { dataSource, timer, position: null, reading: Promise.resolve() });
    this.#read(name);
  }

  finished({ name }: { readonly name: string }): void {
    const metered = this.#running.get(name);
    if (!metered) return;
    clearInterval(metered.timer);
    this.#read(name);
    this.#running.delete(name);
    const ended = metered.reading.finally(() => this.#ended.delete(ended));
    this.#ended.add(ended);
  }

  async flush(): Promise<void> {
    await Promise.all(this.#ended);
  }

  #read(name: string): void {
    const metered = this.#running.get(name);
    if (!metered) return;
    metered.reading = metered.reading.then(async () => {
      const position = await walPosition(metered.dataSource);
      if (position === null) return;
      if (metered.position !== null && position > metered.position)
        this.#bytes.add(position - metered.position, { 'backfill.name': name });
      metered.position = position;
    });
  }
}

/** Bytes since the beginning; null if the database is away or a standby. */
async function walPosition(dataSource: DataSource): Promise<number | null> {
  try {
    const session = await Session.open(dataSource);
    try {
      const { last } = await session.send([
        {
          text: `SELECT pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_insert_lsn(), '0/0'::pg_lsn)::text`,
        },
      ]);
      return last.value(number);
    } finally {
      await session.close();
    }
  } catch {
    return null;
  }
}
