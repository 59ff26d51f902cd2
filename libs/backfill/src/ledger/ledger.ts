import { quoteIdentifier } from '../postgres/identifiers.js';
import { text, number } from '../postgres/decoders.js';
import type { Session } from '../postgres/session.js';
import { toArrayText } from '../postgres/text-format.js';
import { BackfillLedger } from './backfill.ledger.js';
import type { LedgerContext, Subject } from './ledger.context.js';

export interface LedgerOptions {
  /** The name of the schema, not quoted. */
  readonly schema: string;
  /** Identifies this run in leases and transitions: `host:pid:run`. */
  readonly owner: string;
  /** Duration of a lease in milliseconds. */
  readonly leaseMs: number;
}

/**
 * The library's own tables. They are in the application's database, so that the rows of a batch and its
 * cursor commit together. Every time is by the database's clock.
 */
export class Ledger implements LedgerContext {
  readonly schema: string;
  readonly owner: string;
  readonly leaseMs: number;

  constructor({ schema, owner, leaseMs }: LedgerOptions) {
    this.schema = quoteIdentifier(schema);
    this.owner = owner;
    this.leaseMs = leaseMs;
  }

  /** The ledger of one backfill. */
  of(subject: Subject): BackfillLedger {
    return new BackfillLedger(this, subject);
  }

  /** The newest version of every backfill in the ledger, except the backfills with these names. */
  async subjectsExcept(session: Session, names: readonly string[]): Promise<Subject[]> {
    const { last } = await session.send([
      {
        text: `SELECT DISTINCT ON (name) name, version::text FROM ${this.schema}.backfill
          WHERE name <> ALL($1::text[]) ORDER BY name, version DESC`,
        values: [toArrayText(names)],
      },
    ]);
    return last.all({ name: text, version: number });
  }
}
