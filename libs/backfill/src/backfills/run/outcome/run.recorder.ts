import { IllegalTransitionError } from '../../../ledger/ledger.error.js';
import type { BackfillLedger } from '../../../ledger/backfill.ledger.js';
import { isHeld } from '../../../ledger/status.js';
import { messageOf } from '../../../postgres/error-classes.js';
import type { BackfillDefinition } from '../../definition/definition.js';
import type { RunConnection } from '../connection/run-connection.js';
import type { RunLog } from '../log/run-log.js';
import { heldByPerson, type RunOutcome } from './run-outcome.js';

export interface RunRecorderOptions {
  readonly definition: BackfillDefinition;
  readonly ledger: BackfillLedger;
  readonly connection: RunConnection;
  readonly log: RunLog;
  /** Whether other processes still hold ranges of the run. The last process records the outcome. */
  readonly othersContinue: () => Promise<boolean>;
}

/** Writes the outcome of a run to the ledger. If the database does not answer, it only logs a warning. */
export class RunRecorder {
  readonly #options: RunRecorderOptions;

  constructor(options: RunRecorderOptions) {
    this.#options = options;
  }

  /** @returns the outcome, or the status that a person has set meanwhile */
  async record(outcome: RunOutcome): Promise<RunOutcome> {
    if (outcome.keepsStatus) return outcome;
    const { connection, ledger, log, othersContinue } = this.#options;
    const { status, reason, waitingFor } = outcome;
    try {
      if (status === 'incomplete' && (await othersContinue())) return outcome;
      await connection.use((session) =>
        ledger.status.transition(session, { to: status, reason, waitingFor }),
      );
    } catch (error) {
      if (error instanceof IllegalTransitionError && isHeld(error.from))
        return this.#outcomeSetByPerson(outcome);
      log.note('warn', `The outcome could not be written to the ledger: ${messageOf(error)}`);
    }
    return outcome;
  }

  /** A person paused or cancelled the backfill while the run ended. The ledger keeps that status. */
  async #outcomeSetByPerson(outcome: RunOutcome): Promise<RunOutcome> {
    const { definition, connection, ledger } = this.#options;
    const record = await connection.ask((session) => ledger.status.open(session, definition.kind));
    if (record === null) return outcome;
    const { status, reason } = record;
    return isHeld(status) ? heldByPerson({ status, reason }) : outcome;
  }
}
