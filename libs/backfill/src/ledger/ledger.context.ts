import type { Parameters } from '../postgres/parameters.js';
import type { Statement } from '../postgres/pipeline.js';

/** What the ledger keeps its records about. */
export interface Subject {
  readonly name: string;
  readonly version: number;
}

/** Where a ledger is and which process writes to it. */
export interface LedgerContext {
  /** The quoted schema. */
  readonly schema: string;
  /** Names this run in leases and transitions: `host:pid:run`. */
  readonly owner: string;
  /** Duration of a lease in milliseconds. */
  readonly leaseMs: number;
}

/** The context of the statements about one backfill. */
export class SubjectContext implements LedgerContext {
  readonly schema: string;
  readonly owner: string;
  readonly leaseMs: number;
  readonly subject: Subject;

  constructor({ schema, owner, leaseMs }: LedgerContext, { name, version }: Subject) {
    this.schema = schema;
    this.owner = owner;
    this.leaseMs = leaseMs;
    this.subject = { name, version };
  }

  /** The values of a statement that begins with `name = $1 AND version = $2::int`. */
  get values(): readonly [name: string, version: string] {
    return [this.subject.name, String(this.subject.version)];
  }

  /** Adds the name and the version to a statement's parameters. */
  parameters(parameters: Parameters): { readonly name: string; readonly version: string } {
    return {
      name: parameters.add(this.subject.name, 'text'),
      version: parameters.add(this.subject.version, 'int'),
    };
  }

  /** The condition that a row of the ledger is about this backfill. */
  isSubject(parameters: Parameters): string {
    const { name, version } = this.parameters(parameters);
    return `name = ${name} AND version = ${version}`;
  }

  /** Locks the backfill's record, so that concurrent changes to its ranges happen one after the other. */
  lockRecord(): Statement {
    return {
      text: `SELECT FROM ${this.schema}.backfill WHERE name = $1 AND version = $2::int FOR UPDATE`,
      values: this.values,
    };
  }

  /** A call that ends the transaction with this SQLSTATE and message unless the condition holds. */
  assert(condition: string, code: string, message: string): string {
    // The function's name in the database is `demand`: existing ledgers and older releases use it.
    return `${this.schema}.demand(${condition}, '${code}', '${message}')`;
  }
}
