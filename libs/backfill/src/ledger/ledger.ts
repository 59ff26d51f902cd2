import { quoteIdentifier } from '../postgres/identifiers.js';
import { BackfillLedger } from './backfill.ledger.js';
import type { LedgerContext, Subject } from './ledger.context.js';
import { TargetsLedger } from './target/targets.ledger.js';

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

  /** The same run with tables in another schema. @param schema not quoted */
  inSchema(schema: string): Ledger {
    return new Ledger({ schema, owner: this.owner, leaseMs: this.leaseMs });
  }

  /** The ledger of one backfill. */
  of(subject: Subject): BackfillLedger {
    return new BackfillLedger(this, subject);
  }

  /** The records of backfills on all their tables. */
  get targets(): TargetsLedger {
    return new TargetsLedger(this);
  }
}
