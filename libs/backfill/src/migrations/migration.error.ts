import { BackfillError, type BackfillErrorDetails } from '../errors/backfill.error.js';
import type { LockBlocker } from './run/lock-blockers.js';
import { surfaceAtOnce } from './nest-retry.js';
import type { Refusal } from './guard/refusal.js';
import { wordRefusal } from './guard/refusal-message.js';
import type { WrittenTable } from './guard/row-witness.js';

/** What is wrong lies in the migration: trying again does not help, and @nestjs/typeorm must not. */
export abstract class MigrationRefusedError extends BackfillError {
  /** The migration's class. */
  readonly migration: string;

  protected constructor(migration: string, what: string, details: Omit<BackfillErrorDetails, 'subject'>) {
    super(what, { ...details, subject: migration });
    this.migration = migration;
    surfaceAtOnce(this);
  }
}

/** A migration is about to change rows, or to run what cannot be read. Thrown before the statement is sent. */
export class DataInMigrationError extends MigrationRefusedError {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    const { what, remedy } = wordRefusal(refusal);
    super(refusal.migration, what, { remedy });
    this.refusal = refusal;
  }
}

/** Rows were written by SQL that could not be read beforehand: PostgreSQL's own row counters show them. */
export class RowsWrittenError extends MigrationRefusedError {
  readonly written: readonly WrittenTable[];

  constructor(migration: string, direction: string, written: readonly WrittenTable[], fate: string) {
    const tables = written.map(
      ({ table, inserted, updated, deleted, truncated }) =>
        `${table} (${truncated ? 'truncated' : `${inserted} inserted, ${updated} updated, ${deleted} deleted`})`,
    );
    super(
      migration,
      `${migration}.${direction}() wrote rows, as PostgreSQL's own counters show: ${tables.join('; ')}. ${fate}`,
      {
        remedy:
          'Move what writes them into a backfill (docs/migrations.md, "Rows written by SQL that cannot be read"). ' +
          `Where it must stay: static readonly allowsData = { reason: '…', tables: [${written.map(({ table }) => `'${table}'`).join(', ')}] };`,
      },
    );
    this.written = written;
  }
}

/** A migration did not get its locks, however often it was tried. */
export class MigrationBlockedError extends BackfillError {
  readonly migration: string;
  readonly blockers: readonly LockBlocker[];
  readonly attempts: number;

  constructor(
    migration: string,
    attempts: number,
    blockers: readonly LockBlocker[],
    statement: string,
    cause: unknown,
  ) {
    const who =
      blockers.length > 0
        ? blockers.map(({ description }) => `\n  blocked by ${description}`).join('')
        : ' Who holds it could not be found out.';
    super(
      `${migration} did not get a lock it needs (${attempts} ${attempts === 1 ? 'try' : 'tries'}): ${statement}.${who}`,
      {
        subject: migration,
        remedy:
          'Nothing was changed. End the blocking session (SELECT pg_terminate_backend(pid)) or wait for it, then migrate again; ' +
          'policy.lockAttempts and policy.lockRetryTotal set how long is waited.',
        cause,
      },
    );
    this.migration = migration;
    this.blockers = blockers;
    this.attempts = attempts;
    // Tried often enough: nine more rounds of the same would only delay the answer.
    surfaceAtOnce(this);
  }
}

/** One backfill that a contract migration waits for. */
export interface UnmetRequirement {
  readonly backfill: string;
  readonly status: string;
  readonly left?: number;
  readonly reason?: string;
}

/** A contract migration whose backfills are not complete. */
export class RequirementNotMetError extends MigrationRefusedError {
  readonly unmet: readonly UnmetRequirement[];

  constructor(migration: string, unmet: readonly UnmetRequirement[]) {
    const lines = unmet.map(
      ({ backfill, status, left, reason }) =>
        `\n  ${backfill}: ${status}${left === undefined ? '' : `, ${left} ${left === 1 ? 'row' : 'rows'} left`}${reason ? ` (${reason})` : ''}`,
    );
    super(migration, `${migration} requires backfills that are not complete:${lines.join('')}`, {
      remedy:
        `Finish them: nest start -- --backfill ${unmet.map(({ backfill }) => backfill).join(' ')} — then migrate again. ` +
        `Or declare \`static readonly finish = true\` to run the rest in place, or \`static readonly onIncomplete = 'defer'\` ` +
        'to leave the migration pending without failing the deployment.',
    });
    this.unmet = unmet;
  }
}

/** `requires` names a backfill that does not exist, or nobody can prove anything here. */
export class UnprovableRequirementError extends MigrationRefusedError {
  constructor(migration: string, what: string, remedy: string) {
    super(migration, what, { remedy });
  }
}

/** The migration's declaration contradicts itself or the way it is run. */
export class MigrationDeclarationError extends MigrationRefusedError {
  constructor(migration: string, what: string, remedy: string) {
    super(migration, what, { remedy });
  }
}

/** An option of the migrations has a value that cannot work. */
export class InvalidMigrationOptionError extends BackfillError {
  constructor(option: string, value: unknown) {
    super(`The migrations option ${option} is ${String(value)}.`, {
      subject: option,
      remedy: 'Give a number of milliseconds from 0 up; `lockAttempts` is a count from 1 up.',
    });
  }
}
