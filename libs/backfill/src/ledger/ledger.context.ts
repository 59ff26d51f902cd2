import type { Parameters } from '../postgres/parameters.js';
import type { Statement } from '../postgres/pipeline.js';

/** The backfill and version that a record of the ledger belongs to. */
export interface Subject {
  readonly name: string;
  readonly version: number;
}

/** The schema of a ledger, and the run that writes to it. */
export interface LedgerContext {
  /** The name of the ledger's schema, quoted. */
  readonly schema: string;
  /** Identifies this run in leases and transitions: `host:pid:run`. */
  readonly owner: string;
  /** Duration of a lease in milliseconds. */
  readonly leaseMs: number;
}

/** The context of the ledger's statements about one backfill. */
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

  /** The first parameter values of a statement that uses `name = $1 AND version = $2::int`. */
  get values(): readonly [name: string, version: string] {
    return [this.subject.name, String(this.subject.version)];
  }

  /** Adds the name and the version to a statement's parameters. @returns their placeholders */
  parameters(parameters: Parameters): { readonly name: string; readonly version: string } {
    return {
      name: parameters.add(this.subject.name, 'text'),
      version: parameters.add(this.subject.version, 'int'),
    };
  }

  /** The SQL condition that a row of the ledger belongs to this backfill. */
  isSubject(parameters: Parameters): string {
    const { name, version } = this.parameters(parameters);
    return `name = ${name} AND version = ${version}`;
  }

  /**
   * Locks the backfill's record until the end of the transaction, so that processes change its ranges in
   * turn.
   */
  lockRecord(): Statement {
    return {
      text: `SELECT FROM ${this.schema}.backfill WHERE name = $1 AND version = $2::int FOR UPDATE`,
      values: this.values,
    };
  }

  /** An SQL call that raises an error with this SQLSTATE and message unless the condition is true. */
  assert(condition: string, code: string, message: string): string {
    // The function's name in the database is `demand`: existing ledgers and older releases use it.
    return `${this.schema}.demand(${condition}, '${code}', '${message}')`;
  }
}
