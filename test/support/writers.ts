import type { TestDatabase } from './database.ts';
import { until } from './until.ts';

export interface Write {
  readonly kind: 'insert' | 'update' | 'delete';
  readonly marker: string;
  /** The value that the write gave the backfilled column; null when it left it alone or gave none. */
  readonly slug: string | null;
}

/**
 * Sessions that insert, update and delete rows of the table `leads` with short transactions, each write with a marker of its
 * own. Each session has its own keys, so that the last write of a key is known.
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

  /** @param options `writes` of each session, to keys from 1 to `keys` and above */
  static start(
    database: TestDatabase,
    options: { readonly sessions: number; readonly writes: number; readonly keys: number },
  ): Writers {
    return new Writers(database, options);
  }

  /** Once each session has written. */
  begun(): Promise<void> {
    return until(() => this.#written > 4 * this.options.sessions);
  }

  /** Waits for the sessions' end. @returns the last write of each key that was written */
  async finished(): Promise<ReadonlyMap<number, Write>> {
    await Promise.all(this.#sessions);
    return this.#last;
  }

  async #write(database: TestDatabase, session: number): Promise<void> {
    const { sessions, writes, keys } = this.options;
    await database.session(async (client) => {
      for (let at = 0; at < writes; at++) {
        // Scattered over the whole table, a session's keys being those of its own residue class.
        const id = 1 + session + sessions * ((at * 7_919) % Math.floor(keys / sessions));
        const marker = `writer ${session}, write ${at}`;
        const kind = (['update', 'insert', 'update', 'delete', 'insert'] as const)[at % 5] ?? 'update';
        const slug = at % 3 === 0 ? `own ${marker}` : null;
        const written = await client.query(STATEMENTS[kind], kind === 'delete' ? [id] : [id, marker, slug]);
        this.#written++;
        if (written.rowCount === 1) {
          const before = this.#last.get(id);
          // An update without a value leaves an earlier one as it is.
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
