import { messageOf } from '../../../../postgres/error-classes.js';
import { backOff } from '../../../../text/back-off.js';
import type { RangeContext } from '../range.context.js';
import type { RangeOutcome } from '../range.outcome.js';

/** Failures of the same batch in a row before the run stops with work left. */
const MAX_CONFLICTS = 20;
const MAX_CONNECTIONS = 10;
/** Back-off while the server has no room or is not ready. */
const BUSY_BACK_OFF = { baseMs: 200, maxMs: 5_000 };

/** Repeats a batch after errors that end by themselves. */
export class TransientRecovery {
  readonly #context: RangeContext;

  constructor(context: RangeContext) {
    this.#context = context;
  }

  /**
   * The batch itself may be the reason why the session ended, e.g. a timeout of the server or a crash. To
   * repeat it unchanged would end the same way, so after the second loss it gets smaller.
   */
  async connectionLost(error: unknown): Promise<RangeOutcome | null> {
    const { tools, failures, pacer } = this.#context;
    await this.#dropConnection(error);
    const losses = failures.count('connection');
    if (losses === 1) return null;
    if (losses > MAX_CONNECTIONS)
      return stopped(`The same batch lost its connection ${losses} times in a row: ${messageOf(error)}`);
    if (pacer.limit.lower())
      tools.log.note(
        'warn',
        `The same batch lost its connection again: batches have at most ${pacer.limit.rows} rows from now on.`,
      );
    await tools.stop.sleep(backOff(losses - 1));
    return null;
  }

  async serverBusy(error: unknown): Promise<RangeOutcome | null> {
    const { tools, failures } = this.#context;
    await this.#dropConnection(error);
    const attempt = failures.count('conflict');
    await tools.stop.sleep(backOff(attempt, BUSY_BACK_OFF));
    return attempt > MAX_CONFLICTS ? gaveUp(error) : null;
  }

  async conflict(error: unknown): Promise<RangeOutcome | null> {
    const { tools, failures } = this.#context;
    if (tools.stop.reason !== null) return null;
    const attempt = failures.count('conflict');
    if (attempt > MAX_CONFLICTS) return gaveUp(error);
    tools.log.note('warn', `The batch failed and is tried again (attempt ${attempt}): ${messageOf(error)}`);
    await tools.stop.sleep(backOff(attempt));
    return null;
  }

  leaseLost(error: unknown): RangeOutcome | null {
    const { failures, state, pacer } = this.#context;
    if (failures.count('conflict') > MAX_CONFLICTS) return gaveUp(error);
    state.leaseDoubted();
    // The batch outlasted the lease and no heartbeat arrived meanwhile: a shorter batch needs no heartbeat.
    if (state.isInBatch) pacer.limit.lower();
    return null;
  }

  async #dropConnection(error: unknown): Promise<void> {
    const { connection, log } = this.#context.tools;
    await connection.drop();
    log.note('warn', `The connection was lost: ${messageOf(error)}`);
  }
}

function gaveUp(error: unknown): RangeOutcome {
  return stopped(`A batch failed ${MAX_CONFLICTS + 1} times in a row: ${messageOf(error)}`);
}

function stopped(reason: string): RangeOutcome {
  return { kind: 'stopped', reason, waitingFor: null };
}
