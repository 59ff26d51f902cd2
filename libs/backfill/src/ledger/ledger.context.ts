import { fingerprintOf, type DeclaredPredicate } from './proof/declaration.js';
import type { Parameters } from '../postgres/parameters.js';
import type { Statement } from '../postgres/pipeline.js';
import type { Session } from '../postgres/session.js';
import { TargetNotLocatedError } from './ledger.error.js';
import { findTarget, type Target } from './target/target.js';

/** A backfill, a version and a table. Each record of the ledger belongs to one. */
export interface Subject {
  readonly name: string;
  readonly version: number;
  /** The table as SQL. A name without a schema is resolved by the server, by the `search_path` of the session. */
  readonly table: string;
  /** Names that the backfill had before. @default none */
  readonly formerly?: readonly string[];
  /** Which rows are pending. Absent if no class declares the backfill. */
  readonly pending?: DeclaredPredicate;
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

/** The placeholders of a subject in a statement. */
export interface SubjectPlaceholders {
  readonly name: string;
  readonly version: string;
  readonly target: string;
}

/** The number of the schema step that adds the target to each record. */
export const TARGET_SCHEMA_STEP = 8;
/** The target of control records that apply to every target of a backfill. */
export const EVERY_TARGET = '';

/** The context of the ledger's statements about one backfill. */
export class SubjectContext implements LedgerContext {
  readonly schema: string;
  readonly owner: string;
  readonly leaseMs: number;
  readonly subject: Subject;
  /** The fingerprint of the pending predicate; null if no class declares it. */
  readonly declaration: string | null;
  #target: Target | null = null;
  #name: string;
  #hasTargets = true;

  constructor(
    { schema, owner, leaseMs }: LedgerContext,
    { name, version, table, formerly = [], pending }: Subject,
  ) {
    this.schema = schema;
    this.owner = owner;
    this.leaseMs = leaseMs;
    this.subject = { name, version, table, formerly, ...(pending && { pending }) };
    this.declaration = pending ? fingerprintOf(pending) : null;
    this.#name = name;
  }

  /**
   * Finds the physical table of the backfill. Each other method needs it.
   *
   * @param step the newest installed step of the ledger. The records of a ledger without targets are about any table
   */
  async locate(session: Session, step = TARGET_SCHEMA_STEP): Promise<void> {
    this.#hasTargets = step >= TARGET_SCHEMA_STEP;
    this.#target = await findTarget(session, this.subject.table);
  }

  /** Uses the records of another table of the same backfill, which may no longer exist. */
  locateAs(target: Target, step = TARGET_SCHEMA_STEP): void {
    this.#hasTargets = step >= TARGET_SCHEMA_STEP;
    this.#target = target;
  }

  /** Reads the records under a former name, until a run gives them the current one. */
  readUnder(name: string): void {
    this.#name = name;
  }

  /** The backfill and version as the ledger has them: under a former name after `readUnder`. */
  get recorded(): { readonly name: string; readonly version: number } {
    return { name: this.#name, version: this.subject.version };
  }

  /** Whether the records of the ledger name their tables: false for a ledger of an earlier release. */
  get hasTargets(): boolean {
    return this.#hasTargets;
  }

  /** @throws TargetNotLocatedError before `locate` */
  get target(): Target {
    if (this.#target === null) throw new TargetNotLocatedError(this.subject);
    return this.#target;
  }

  /** The name of the backfill, its version and its table, for reports. The table is null before `locate`. */
  get reported(): { readonly name: string; readonly version: number; readonly target: string | null } {
    const { name, version } = this.subject;
    return { name, version, target: this.#target?.name ?? null };
  }

  /** The first parameter values of a statement that uses `is()`. */
  get values(): readonly [name: string, version: string, target: string] {
    return [this.#name, String(this.subject.version), this.target.name];
  }

  /** The SQL condition that a row of the ledger belongs to this backfill, with `values` as `$1` to `$3`. */
  is(alias = ''): string {
    return this.#condition(alias, { name: '$1', version: '$2::int', target: '$3::text' });
  }

  /** Adds the name, the version and the target to a statement's parameters. */
  parameters(parameters: Parameters): SubjectPlaceholders {
    return {
      name: parameters.add(this.#name, 'text'),
      version: parameters.add(this.subject.version, 'int'),
      target: parameters.add(this.target.name, 'text'),
    };
  }

  /** The SQL condition that a row of the ledger belongs to this backfill. */
  isSubject(parameters: Parameters, alias = ''): string {
    return this.#condition(alias, this.parameters(parameters));
  }

  /** The same condition with placeholders that the statement has already. */
  isSubjectAt(placeholders: SubjectPlaceholders, alias = ''): string {
    return this.#condition(alias, placeholders);
  }

  /** The SQL condition that a record of control applies to this backfill. */
  isControlled(placeholders: SubjectPlaceholders, alias = ''): string {
    return this.#condition(
      alias,
      placeholders,
      (target) => `${target} IN ('${EVERY_TARGET}', ${placeholders.target})`,
    );
  }

  /**
   * Locks the backfill's record until the end of the transaction, so that processes change its ranges in
   * turn.
   */
  lockRecord(): Statement {
    return {
      text: `SELECT FROM ${this.schema}.backfill WHERE ${this.is()} FOR UPDATE`,
      values: this.values,
    };
  }

  /** An SQL call that raises an error with this SQLSTATE and message unless the condition is true. */
  assert(condition: string, code: string, message: string): string {
    // The function's name in the database is `demand`: existing ledgers and older releases use it.
    return `${this.schema}.demand(${condition}, '${code}', '${message}')`;
  }

  /** @param isTarget the condition on the column `target`, whose name it receives */
  #condition(
    alias: string,
    { name, version, target }: SubjectPlaceholders,
    isTarget = (column: string) => `${column} = ${target}`,
  ): string {
    const prefix = alias === '' ? '' : `${alias}.`;
    // Each parameter must occur in the statement, also where the column does not exist yet.
    const onTarget = this.#hasTargets ? isTarget(`${prefix}target`) : `${target} IS NOT NULL`;
    return `${prefix}name = ${name} AND ${prefix}version = ${version} AND ${onTarget}`;
  }
}
