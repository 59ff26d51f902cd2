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

/**
 * Decides by the class of an error whether the worker repeats its batch, repeats it with fewer rows, skips
 * the failing row, or leaves the range.
 */
export class Recovery {
  readonly #context: RangeContext;
  readonly #locks: LockRecovery;
  readonly #handlers: Readonly<Record<ErrorClass, Handler>>;

  constructor(context: RangeContext, sweep: Sweep, settling: Settling) {
    const locks = new LockRecovery(context, sweep, settling, (error) => this.recover(error));
    const transient = new TransientRecovery(context);
    const batch = new BatchRecovery(context, sweep);
    this.#context = context;
    this.#locks = locks;
    this.#handlers = {
      connection: (error) => transient.connectionLost(error),
      busy: (error) => transient.serverBusy(error),
      conflict: (error) => transient.conflict(error),
      'lease-lost': (error) => transient.leaseLost(error),
      'file-replaced': () => this.#retried(() => this.#fileReplaced()),
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
    return this.#handlers[classifyFailure(error)](error);
  }

  /** Handles errors that occur while another error is handled. */
  async #retried(handle: () => Promise<RangeOutcome | null>): Promise<RangeOutcome | null> {
    try {
      return await handle();
    } catch (error) {
      return this.recover(error);
    }
  }

  /** VACUUM FULL, CLUSTER, TRUNCATE or a migration has rewritten the table. */
  async #fileReplaced(): Promise<RangeOutcome | null> {
    const { state, tools } = this.#context;
    const { log, selection } = tools;
    const { range } = state;
    await endPageSweep(this.#context, 'any-order');
    const table = range.file?.table ?? selection.definition.table;
    log.note('log', `The table ${table} was rewritten meanwhile. The sweep of its pages is planned again.`);
    return null;
  }

  #databaseLost({ message, waitingFor }: DatabaseLostError): RangeOutcome {
    const { reason } = this.#context.tools.stop;
    const isReported = reason === null || waitingFor !== THE_DATABASE;
    return { kind: 'stopped', reason: reason ?? message, waitingFor: isReported ? waitingFor : null };
  }
}
