import type { FileChange } from '../../../../ledger/pages/table-file.js';
import type { ErrorClass } from '../../../../postgres/error-classes.js';
import { DatabaseLostError } from '../../connection/database-lost.error.js';
import { classifyFailure } from '../../outcome/failure.js';
import { THE_DATABASE } from '../../outcome/run-outcome.js';
import type { RangeContext } from '../range.context.js';
import type { RangeOutcome } from '../range.outcome.js';
import type { Settling } from '../settling.js';
import type { Sweep } from '../sweep/sweep.js';
import { BatchRecovery } from './batch.recovery.js';
import { LockRecovery } from './lock.recovery.js';
import { ChangeBlockedError } from './change-blocked.error.js';
import { endPageSweep } from './page-sweep.end.js';
import { TransientRecovery } from './transient.recovery.js';

/** Handles an error. @returns the outcome if the worker must leave its range; null to continue */
type Handler = (error: unknown) => Promise<RangeOutcome | null> | RangeOutcome | null;

/** What a statement on a table may fail with that is no longer what the sweep was planned for. */
const MAY_BE_OF_ANOTHER_FILE: ReadonlySet<ErrorClass> = new Set([
  'file-replaced',
  'programming',
  'poison',
  'lock',
  'too-slow',
]);

/**
 * Decides by the class of an error whether the worker repeats its batch, repeats it with fewer rows, skips
 * the failing row, or leaves the range.
 */
export class Recovery {
  readonly #context: RangeContext;
  readonly #sweep: Sweep;
  readonly #locks: LockRecovery;
  readonly #handlers: Readonly<Record<ErrorClass, Handler>>;

  constructor(context: RangeContext, sweep: Sweep, settling: Settling) {
    const locks = new LockRecovery(context, sweep, settling, (error) => this.recover(error));
    const transient = new TransientRecovery(context);
    const batch = new BatchRecovery(context, sweep);
    this.#context = context;
    this.#sweep = sweep;
    this.#locks = locks;
    this.#handlers = {
      connection: (error) => transient.connectionLost(error),
      busy: (error) => transient.serverBusy(error),
      conflict: (error) => transient.conflict(error),
      'lease-lost': (error) => transient.leaseLost(error),
      'file-replaced': () => this.#retried(() => this.#fileReplaced('rewritten')),
      lock: (error) => locks.lockTimeout(error),
      'too-slow': (error) => this.#retried(() => batch.tooSlow(error)),
      poison: (error) => batch.poisonousRow(error),
      programming: (error) => batch.programmingError(error),
    };
  }

  /** @returns the outcome if the worker must leave its range; null to continue */
  async recover(error: unknown): Promise<RangeOutcome | null> {
    if (error instanceof DatabaseLostError) return this.#databaseLost(error);
    if (error instanceof ChangeBlockedError) return this.#locks.changeBlocked(error);
    const failure = classifyFailure(error);
    if (!MAY_BE_OF_ANOTHER_FILE.has(failure)) return this.#handlers[failure](error);
    try {
      const change = await this.#changeOfFile();
      if (change !== null) return await this.#fileReplaced(change);
    } catch (later) {
      return this.recover(later);
    }
    return this.#handlers[failure](error);
  }

  /** Handles errors that occur while another error is handled. */
  async #retried(handle: () => Promise<RangeOutcome | null>): Promise<RangeOutcome | null> {
    try {
      return await handle();
    } catch (error) {
      return this.recover(error);
    }
  }

  /**
   * What has happened to the file that the sweep names, e.g. DROP, DETACH or RENAME of a partition. A statement
   * fails with any error then, before its own assertion: the table does not exist, or is another one.
   */
  async #changeOfFile(): Promise<FileChange | null> {
    const { state, tools } = this.#context;
    const { file } = this.#sweep;
    if (file === null || state.range.state !== 'sweeping') return null;
    return tools.connection.use((session) => tools.ledger.pages.changeOf(session, file));
  }

  async #fileReplaced(change: FileChange): Promise<RangeOutcome | null> {
    const { log, selection } = this.#context.tools;
    const { file } = this.#sweep;
    await endPageSweep(this.#context, 'any-order');
    const { table, root } = file ?? { table: selection.definition.table, root: selection.definition.table };
    log.note('log', `${describeChange(change, table, root)} The rest of the sweep is planned again.`);
    return null;
  }

  #databaseLost({ message, waitingFor }: DatabaseLostError): RangeOutcome {
    const { reason } = this.#context.tools.stop;
    const isReported = reason === null || waitingFor !== THE_DATABASE;
    return { kind: 'stopped', reason: reason ?? message, waitingFor: isReported ? waitingFor : null };
  }
}

function describeChange(change: FileChange, table: string, root: string): string {
  switch (change) {
    case 'gone':
      return `The table ${table} does not exist any more.`;
    case 'renamed':
      return `The table ${table} has another name now.`;
    case 'detached':
      return `The table ${table} is no longer a partition of ${root}.`;
    case 'rewritten':
      return `The table ${table} was rewritten meanwhile.`;
  }
}
