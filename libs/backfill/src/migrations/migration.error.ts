import { BackfillError, type BackfillErrorDetails } from '../errors/backfill.error.js';
import { remedyFor } from '../postgres/server/conditions.js';
import type { LockFinding } from 'nestjs-backfill-sql';
import type { LockBlocker } from './locks/lock-blockers.js';
import { describeLockRefusal } from './locks/lock-refusal-message.js';
import { preventNestRetries } from './nest-retry.js';
import type { Refusal } from './guard/refusal.js';
import { describeRefusal } from './guard/refusal-message.js';
import type { WrittenTable } from './guard/row-counters.js';

/**
 * The migration itself is wrong, so a retry does not help. @nestjs/typeorm does not retry after this error.
 * @publicApi
 */
export abstract class MigrationRefusedError extends BackfillError {
  /** Class of the migration. */
  readonly migration: string;

  protected constructor(migration: string, problem: string, details: Omit<BackfillErrorDetails, 'subject'>) {
    super(problem, { ...details, subject: migration });
    this.migration = migration;
    preventNestRetries(this);
  }
}

/**
 * A migration tried to change rows, or to run SQL that the guard cannot read. Thrown before the statement is
 * sent. @publicApi
 */
export class DataInMigrationError extends MigrationRefusedError {
  /** The refused statement, its position, and the reason. */
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    const { problem, remedy } = describeRefusal(refusal);
    super(refusal.migration, problem, { remedy });
    this.refusal = refusal;
  }
}

/**
 * A migration tried to run a statement whose locks, or whose effect on running code, can take the application
 * down. Thrown before the statement is sent. @publicApi
 */
export class DangerousLockError extends MigrationRefusedError {
  /** The rules, with the relation, the lock and the work under it. */
  readonly findings: readonly LockFinding[];

  /**
   * @param findings at least one
   * @param consequence a sentence about the statement
   */
  constructor(
    migration: string,
    direction: string,
    findings: readonly LockFinding[],
    consequence = 'The statement was not sent.',
  ) {
    const { problem, remedy } = describeLockRefusal(
      migration,
      direction,
      findings as readonly [LockFinding, ...LockFinding[]],
      consequence,
    );
    super(migration, problem, { remedy });
    this.findings = findings;
  }
}

/** PostgreSQL's row counters show that SQL that the guard could not read has written rows. @publicApi */
export class RowsWrittenError extends MigrationRefusedError {
  /** The tables whose rows were written, with the number of rows. */
  readonly written: readonly WrittenTable[];

  /** @param consequence a sentence about the changes that were rolled back and those that were committed */
  constructor(migration: string, direction: string, written: readonly WrittenTable[], consequence: string) {
    const tables = written.map(
      ({ table, inserted, updated, deleted, truncated }) =>
        `${table} (${truncated ? 'truncated' : `${inserted} inserted, ${updated} updated, ${deleted} deleted`})`,
    );
    super(
      migration,
      `${migration}.${direction}() wrote rows, as PostgreSQL's row counters show: ${tables.join('; ')}. ${consequence}`,
      {
        remedy:
          'Move the statements that write them into a backfill (docs/migrations.md, "SQL that is built at run time"). ' +
          `To keep them here: static readonly allowsData = { reason: '…', tables: [${written.map(({ table }) => `'${table}'`).join(', ')}] };`,
      },
    );
    this.written = written;
  }
}

/** A migration did not get its locks after all attempts. @publicApi */
export class MigrationBlockedError extends BackfillError {
  /** Class of the migration. */
  readonly migration: string;
  /** The sessions that held the lock; empty if they are unknown. */
  readonly blockers: readonly LockBlocker[];
  /** The number of attempts. */
  readonly attempts: number;
  /** The statement that did not get its lock. */
  readonly statement: string;

  constructor(
    migration: string,
    {
      attempts,
      blockers,
      statement,
      cause,
      committed = [],
    }: {
      readonly attempts: number;
      readonly blockers: readonly LockBlocker[];
      readonly statement: string;
      readonly cause: unknown;
      /** Statements of the migration that are committed, because it runs without a transaction. @default none */
      readonly committed?: readonly string[];
    },
  ) {
    const holders =
      blockers.length > 0
        ? blockers.map(({ description }) => `\n  blocked by ${description}`).join('')
        : ' The session that holds it is unknown.';
    super(
      `${migration} did not get a lock that it needs (${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}): ${statement}.${holders}`,
      {
        subject: migration,
        remedy:
          `${committed.length === 0 ? 'Nothing was changed.' : `Already committed and not undone: ${committed.join('; ')}. The migration stays pending, so it must be able to run again.`} ` +
          'End the blocking session (SELECT pg_terminate_backend(pid)) or wait for it, then migrate again; ' +
          'policy.lockAttempts and policy.lockRetryTotal limit the attempts.',
        cause,
      },
    );
    this.migration = migration;
    this.blockers = blockers;
    this.attempts = attempts;
    this.statement = statement;
    // Nine more attempts by @nestjs/typeorm would only delay the error.
    preventNestRetries(this);
  }
}

/** A required backfill that is not complete, or a required index that is not built. @publicApi */
export interface UnmetRequirement {
  /** The name of the backfill or of the index. */
  readonly backfill: string;
  /** @default 'backfill' */
  readonly kind?: 'backfill' | 'index';
  /** The status in the ledger, or `not declared`; of an index its state, e.g. `missing`. */
  readonly status: string;
  /** The number of pending rows, if they could be counted. */
  readonly left?: number;
  /** Why it is not complete, as a sentence. */
  readonly reason?: string;
  /** Why no query could look for pending rows, e.g. because a column is missing. */
  readonly problem?: string;
}

/** The state of a required backfill. Its record may say `complete` although rows have become pending since. */
export function describeUnmet({
  status,
  left,
  problem,
}: Pick<UnmetRequirement, 'status' | 'left' | 'problem'>): string {
  if (problem !== undefined) return `${status}, and its query cannot run now: ${problem}`;
  const rows = left === undefined ? undefined : `${left} ${left === 1 ? 'row' : 'rows'}`;
  if (status === 'complete')
    return rows === undefined
      ? 'rows have become pending since it was complete'
      : `${rows} became pending since it was complete`;
  return rows === undefined ? status : `${status}, ${rows} left`;
}

function describeWithReason(unmet: UnmetRequirement): string {
  const { status, reason, problem } = unmet;
  if (reason === undefined) return describeUnmet(unmet);
  if (problem !== undefined) return `${status}. ${reason}`;
  return status === 'complete' ? describeUnmet(unmet) : `${describeUnmet(unmet)} (${reason})`;
}

/** The backfills that a contract migration requires are not complete. @publicApi */
export class RequirementNotMetError extends MigrationRefusedError {
  /** The required backfills that are not complete. */
  readonly unmet: readonly UnmetRequirement[];

  constructor(migration: string, unmet: readonly UnmetRequirement[]) {
    const lines = unmet.map((each) => `\n  ${each.backfill}: ${describeWithReason(each)}`);
    const backfills = unmet.filter(({ kind }) => kind !== 'index').map(({ backfill }) => backfill);
    const steps = [
      ...(backfills.length > 0 ? [`nest start -- --backfill ${backfills.join(' ')}`] : []),
      ...(backfills.length < unmet.length ? ['nest start -- --indexes'] : []),
    ];
    const what = [
      ...(backfills.length > 0 ? ['backfills that are not complete'] : []),
      ...(backfills.length < unmet.length ? ['indexes that are not built'] : []),
    ];
    super(migration, `${migration} requires ${what.join(' and ')}:${lines.join('')}`, {
      remedy:
        `Finish them: ${steps.join(', then ')}, then migrate again. ` +
        `Or declare \`static readonly finish = true\` to run the remaining batches first, or \`static readonly onIncomplete = 'defer'\` ` +
        'to keep the migration pending without failing the deployment.',
    });
    this.unmet = unmet;
  }
}

/** `requires` names an unknown backfill, or this command cannot prove backfills. @publicApi */
export class UnprovableRequirementError extends MigrationRefusedError {
  constructor(migration: string, problem: string, remedy: string) {
    super(migration, problem, { remedy });
  }
}

/** The declaration of a migration contradicts itself or the way it runs. @publicApi */
export class MigrationDeclarationError extends MigrationRefusedError {
  constructor(migration: string, problem: string, remedy: string) {
    super(migration, problem, { remedy });
  }
}

/** An option of the migrations has an invalid value. @publicApi */
export class InvalidMigrationOptionError extends BackfillError {
  constructor(option: string, value: unknown) {
    super(`The migrations option ${option} is ${String(value)}.`, {
      subject: option,
      remedy:
        option === 'locks'
          ? "Use 'refuse', 'warn' or 'off'."
          : 'Use milliseconds from 0; `lockAttempts` is a count from 1.',
    });
  }
}

/** A timeout of the role or the database has ended the transaction of a migration. @publicApi */
export class TransactionTimeoutError extends BackfillError {
  /** Class of the migration. */
  readonly migration: string;

  constructor(migration: string, cause: unknown) {
    super(
      `The migration ${migration} was rolled back: its transaction took longer than the transaction_timeout of the role or the database allows.`,
      { subject: migration, remedy: remedyFor(cause, 'Split the migration.'), cause },
    );
    this.migration = migration;
  }
}
