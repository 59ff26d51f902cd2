import type { TestDatabase } from '../server/database.ts';
import { until } from './until.ts';

export interface Write {
  readonly kind: 'insert' | 'update' | 'delete';
  readonly marker: string;
  /** The value that the write set in the backfilled column; null if it set none. */
  readonly slug: string | null;
}

/**
 * Sessions that insert, update and delete rows of the table `leads` in short transactions. Each write has its
 * own marker, and each session its own keys, so the last write of every key is known.
 */
export class Writers {
  readonly #last = new Map<number, Write>();
  readonly #sessions: Promise<void>[];
  #written = 0;

  private constructor(
    database: TestDatabase,
    private readonly options: { readonly sessions: number; readonly writes: number; readonly keys: number },
  ) {
    this.#sessions = Array.from({ length: options.sessions }, (_, session) => this.#write(database, session));
  }

  /** @param options `writes`: the number of writes of each session; `keys`: the approximate highest key */
  static start(
    database: TestDatabase,
    options: { readonly sessions: number; readonly writes: number; readonly keys: number },
  ): Writers {
    return new Writers(database, options);
  }

  /** Resolves when the sessions have written their first rows. */
  started(): Promise<void> {
    return until(() => this.#written > 4 * this.options.sessions);
  }

  /** Waits until the sessions have ended. @returns the last write of each written key */
  async ended(): Promise<ReadonlyMap<number, Write>> {
    await Promise.all(this.#sessions);
    return this.#last;
  }

  async #write(database: TestDatabase, session: number): Promise<void> {
    const { sessions, writes, keys } = this.options;
    await database.session(async (client) => {
      for (let at = 0; at < writes; at++) {
        // The keys of a session are scattered over the whole table. Each session has its own residue class.
        const id = 1 + session + sessions * ((at * 7_919) % Math.floor(keys / sessions));
        const marker = `writer ${session}, write ${at}`;
        const kind = (['update', 'insert', 'update', 'delete', 'insert'] as const)[at % 5] ?? 'update';
        const slug = at % 3 === 0 ? `own ${marker}` : null;
        const written = await client.query(STATEMENTS[kind], kind === 'delete' ? [id] : [id, marker, slug]);
        this.#written++;
        if (written.rowCount === 1) {
          const before = this.#last.get(id);
          // An update without a value keeps an earlier value.
          const kept = kind === 'update' && before?.kind !== 'delete' ? (before?.slug ?? null) : null;
          this.#last.set(id, { kind, marker, slug: slug ?? kept });
        }
      }
    }, `writer ${session}`);
  }
}

const STATEMENTS = {
  insert: 'INSERT INTO leads (id, marker, slug) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
  update: 'UPDATE leads SET marker = $2, slug = coalesce($3, slug) WHERE id = $1',
  delete: 'DELETE FROM leads WHERE id = $1',
} as const;
