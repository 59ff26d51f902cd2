import { messageOf, READ_ONLY, sqlState } from '../../../../postgres/error-classes.js';
import { backOff } from '../../../../text/back-off.js';
import type { RangeContext } from '../range.context.js';
import type { RangeOutcome } from '../range.outcome.js';

/** Maximum number of consecutive failures of one batch. After that, the run stops and stays incomplete. */
const MAX_CONFLICTS = 20;
const MAX_CONNECTIONS = 10;
/** Back-off while the server has no free connection or is not ready. */
const BUSY_BACK_OFF = { baseMs: 200, maxMs: 5_000 };

/** SQLSTATEs of the class `busy` that have their own text. */
const DISK_FULL = '53100';
const TOO_MANY_CONNECTIONS = '53300';

/** Repeats a batch after a transient error. */
export class TransientRecovery {
  readonly #context: RangeContext;

  constructor(context: RangeContext) {
    this.#context = context;
  }

  /**
   * The batch itself may have caused the loss of the connection, e.g. by a timeout or a crash of the server.
   * Therefore the batch is repeated with fewer rows after the second loss.
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
        `The same batch lost its connection again: batches have at most ${pacer.limit.rows} rows until enough of them were fast.`,
      );
    await tools.stop.sleep(backOff(losses - 1));
    return null;
  }

  /**
   * The server has no capacity, e.g. no space on its disk, or executes no changes now. The connection is kept to
   * record the wait. A connection to a read-only server is closed: the next one may reach the new primary.
   */
  async serverBusy(error: unknown): Promise<RangeOutcome | null> {
    const { tools, failures } = this.#context;
    const waitingFor = busyWait(error);
    tools.log.waiting(waitingFor);
    tools.connection.waitingFor = waitingFor;
    if (sqlState(error) === READ_ONLY) await tools.connection.abandon();
    const attempt = failures.count('conflict');
    await tools.stop.sleep(backOff(attempt, BUSY_BACK_OFF));
    return attempt > MAX_CONFLICTS ? tooManyFailures(error, waitingFor) : null;
  }

  async conflict(error: unknown): Promise<RangeOutcome | null> {
    const { tools, failures } = this.#context;
    if (tools.stop.reason !== null) return null;
    const attempt = failures.count('conflict');
    if (attempt > MAX_CONFLICTS) return tooManyFailures(error);
    tools.log.note('warn', `The batch failed and is tried again (attempt ${attempt}): ${messageOf(error)}`);
    await tools.stop.sleep(backOff(attempt));
    return null;
  }

  leaseLost(error: unknown): RangeOutcome | null {
    const { failures, state, pacer } = this.#context;
    if (failures.count('conflict') > MAX_CONFLICTS) return tooManyFailures(error);
    state.leaseInDoubt();
    // The batch took longer than the lease, and no heartbeat renewed it. A smaller batch ends before the
    // lease does.
    if (state.isInBatch) pacer.limit.lower();
    return null;
  }

  async #dropConnection(error: unknown): Promise<void> {
    const { connection, log } = this.#context.tools;
    await connection.drop();
    log.note('warn', `The connection was lost: ${messageOf(error)}`);
  }
}

/** What a worker waits for after an error of the class `busy`. */
function busyWait(error: unknown): string {
  switch (sqlState(error)) {
    case DISK_FULL:
      return `space on the server's disk: ${messageOf(error)}`;
    case TOO_MANY_CONNECTIONS:
      return `a free connection of the server: ${messageOf(error)}`;
    case READ_ONLY:
      return `the server to accept changes: ${messageOf(error)}`;
    default:
      return `the server: ${messageOf(error)}`;
  }
}

function tooManyFailures(error: unknown, waitingFor: string | null = null): RangeOutcome {
  return stopped(`A batch failed ${MAX_CONFLICTS + 1} times in a row: ${messageOf(error)}`, waitingFor);
}

function stopped(reason: string, waitingFor: string | null = null): RangeOutcome {
  return { kind: 'stopped', reason, waitingFor };
}
