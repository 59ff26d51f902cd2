import { nullable, number, oneOf, text } from '../../postgres/decoders.js';
import type { Session } from '../../postgres/session.js';
import { toArrayText } from '../../postgres/text-format.js';
import type { LedgerContext } from '../ledger.context.js';
import type { BackfillStatus } from '../status.js';
import { lockRecords } from '../target/record.lock.js';

/** What the ledger has about a backfill by its name, of every version and table. */
export interface NamedRecords {
  /** The statuses of its records, and how many have each. */
  readonly statuses: readonly { readonly status: BackfillStatus; readonly records: number }[];
  readonly quarantined: number;
  /** The owner of a lease that has not expired; null if there is none. */
  readonly leasedBy: string | null;
}

/** In the order in which rows are deleted: those that refer to a backfill go with it. */
const TABLES = ['skipped_row', 'quarantined_row', 'tenant_progress', 'control', 'backfill'] as const;

/** Removes everything that the ledger has about a name. */
export class RemovalLedger {
  readonly #schema: string;

  constructor({ schema }: Pick<LedgerContext, 'schema'>) {
    this.#schema = schema;
  }

  async find(session: Session, name: string): Promise<NamedRecords> {
    const schema = this.#schema;
    const result = await session.send([
      {
        text: `SELECT status, pg_catalog.count(*)::text FROM ${schema}.backfill WHERE name = $1 GROUP BY status ORDER BY status`,
        values: [name],
      },
      {
        text: `SELECT (SELECT pg_catalog.count(*) FROM ${schema}.quarantined_row WHERE name = $1)::text,
          (SELECT pg_catalog.max(lease_owner) FROM ${schema}.range
            WHERE name = $1 AND state <> 'done' AND lease_expires_at > pg_catalog.clock_timestamp())`,
        values: [name],
      },
    ]);
    return {
      statuses: result.at(0).all({ status: oneOf<BackfillStatus>(), records: number }),
      ...result.last.one({ quarantined: number, leasedBy: nullable(text) }),
    };
  }

  /** The names in the ledger, except these. */
  async otherNames(session: Session, names: readonly string[]): Promise<readonly string[]> {
    const { last } = await session.send([
      {
        text: `SELECT DISTINCT name FROM ${this.#schema}.backfill WHERE name <> ALL ($1::text[]) ORDER BY name`,
        values: [toArrayText(names)],
      },
    ]);
    return last.values(text);
  }

  /** @returns whether nothing is left: false if a process took a lease meanwhile */
  async remove(session: Session, name: string): Promise<boolean> {
    const schema = this.#schema;
    await session.begin([lockRecords({ schema, name }, 'exclusive')]);
    try {
      // Ranges are locked after their backfill everywhere, so a run waits here and then finds no record.
      await session.send([
        { text: `SELECT FROM ${schema}.backfill WHERE name = $1 FOR UPDATE`, values: [name] },
      ]);
      const { leasedBy } = await this.find(session, name);
      await session.commit(
        leasedBy === null
          ? TABLES.map((table) => ({
              text: `DELETE FROM ${schema}.${table} WHERE name = $1`,
              values: [name],
            }))
          : [],
      );
      return leasedBy === null;
    } catch (error) {
      await session.rollback();
      throw error;
    }
  }
}
