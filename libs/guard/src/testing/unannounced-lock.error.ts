import { GuardError } from '../guard.error.js';

/** A lock that PostgreSQL showed, and that no lock rule had announced. @publicApi */
export interface UnannouncedLockReport {
  /** The class of the migration. */
  readonly migration: string;
  readonly statement: string;
  /** The table with its schema. */
  readonly relation: string;
  readonly mode: string;
  /** What the statement did under the lock. */
  readonly what: 'rewritten' | 'scanned' | 'locked';
}

const WORK = {
  rewritten: 'wrote it again',
  scanned: 'read every row of it',
  locked: 'does not name it',
} as const;

/**
 * A migration took a lock that the lock rules did not announce.
 *
 * @publicApi
 */
export class UnannouncedLockError extends GuardError {
  readonly locks: readonly UnannouncedLockReport[];

  constructor(locks: readonly UnannouncedLockReport[]) {
    const lines = locks.map(
      ({ migration, statement, relation, mode, what }) =>
        `  ${migration}: ${mode} on ${relation}; the statement ${WORK[what]}:\n    ${statement}`,
    );
    super(`migrations take locks that no rule announces:\n\n${lines.join('\n')}`, {
      subject: [...new Set(locks.map(({ migration }) => migration))].join(', '),
      remedy:
        'Write the statement so that the check can read it, without a string that is built at run time. If it can, please report this as a bug.',
    });
    this.locks = locks;
  }
}
