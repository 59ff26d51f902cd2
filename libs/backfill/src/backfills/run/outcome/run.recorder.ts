import { IllegalTransitionError } from '../../../ledger/ledger.error.js';
import type { BackfillLedger } from '../../../ledger/backfill.ledger.js';
import type { TenantScope } from '../../../ledger/range.js';
import { isHeld } from '../../../ledger/status.js';
import { messageOf } from '../../../postgres/error-classes.js';
import type { Session } from '../../../postgres/session.js';
import { RowSelection } from '../../batch/row-selection.js';
import { inspectTable } from '../../batch/table.inspector.js';
import type { BackfillDefinition } from '../../definition/definition.js';
import type { BackfillObserver } from '../../report/observer.js';
import { ignoreObserverErrors } from '../../report/observer.wrapper.js';
import type { BackfillReport } from '../../report/report.js';
import type { RunConnection } from '../connection/run-connection.js';
import { heldBack, type RunOutcome } from './run-outcome.js';
import { NO_NUMBERS, readNumbers, type BackfillNumbers } from './numbers.reader.js';
import type { RunLog } from '../log/run-log.js';
import type { TenantRun } from '../tenants/tenant-run.js';

export interface RunClosingTools {
  readonly definition: BackfillDefinition;
  readonly ledger: BackfillLedger;
  readonly connection: RunConnection;
  readonly log: RunLog;
  readonly options: {
    readonly tenants: TenantScope;
    readonly observer: BackfillObserver;
    readonly turn?: TenantRun;
  };
}

/** Writes down how a run has ended, and tells it, as far as the database can still be asked. */
export class RunRecorder {
  readonly #tools: RunClosingTools;

  constructor(tools: RunClosingTools) {
    this.#tools = tools;
  }

  /**
   * Writes the ending down, where it can be.
   *
   * @param isGoingOn whether others have ranges in hand, so that how it ends is theirs to say
   * @returns how it stands
   */
  async record(ending: RunOutcome, isGoingOn: () => Promise<boolean>): Promise<RunOutcome> {
    const { connection, ledger, log } = this.#tools;
    if (ending.unrecorded) return ending;
    try {
      if (ending.status === 'incomplete' && (await isGoingOn())) return ending;
      await connection.use((session) =>
        ledger.status.transition(session, {
          to: ending.status,
          reason: ending.reason,
          waitingFor: ending.waitingFor,
        }),
      );
    } catch (error) {
      if (error instanceof IllegalTransitionError && isHeld(error.from)) return this.#heldMeanwhile(ending);
      log.note('warn', `The outcome could not be written to the ledger: ${messageOf(error)}`);
    }
    return ending;
  }

  /** @param endsRun of a turn that does not, only what it did is told */
  async report(
    ending: RunOutcome,
    endsRun: boolean,
    selection: RowSelection | null,
    hasBegun: boolean,
  ): Promise<BackfillReport> {
    const { ledger, log, options } = this.#tools;
    const { turn, tenants } = options;
    const { withoutRows = [] } = ending;
    const numbers = endsRun ? await this.#numbers(ending.proved, selection, hasBegun) : NO_NUMBERS;
    const report: BackfillReport = {
      ...ledger.subject,
      status: ending.status,
      nothingToDo: ending.nothingToDo ?? false,
      proved: ending.proved,
      reason: ending.reason,
      updated: log.updated,
      batches: log.batches,
      durationMs: log.durationMs,
      rowsPerSecond: log.rowsPerSecond,
      waitingFor: ending.waitingFor,
      ...numbers,
      ...(turn === undefined && tenants !== null ? { onlyTenants: tenants } : {}),
      ...(withoutRows.length > 0 ? { withoutRows } : {}),
    };
    ignoreObserverErrors(options.observer).finished(report);
    return report;
  }

  /** What cannot be asked any more is left out. */
  async ask<T>(question: (session: Session) => Promise<T>): Promise<T | null> {
    const { connection } = this.#tools;
    if (connection.session === null) return null;
    return connection.use(question).catch(() => null);
  }

  /** A person has paused or cancelled it while it came to its end: that is how it stands, until a person says otherwise. */
  async #heldMeanwhile(ending: RunOutcome): Promise<RunOutcome> {
    const { definition, ledger } = this.#tools;
    const found = await this.ask((session) => ledger.status.open(session, definition.kind));
    return found !== null && isHeld(found.status)
      ? heldBack({ status: found.status, reason: found.reason })
      : ending;
  }

  /** Of the whole, where this is a turn of it. */
  async #numbers(
    proved: boolean,
    selection: RowSelection | null,
    hasBegun: boolean,
  ): Promise<BackfillNumbers> {
    const { definition, ledger, options } = this.#tools;
    const ask = this.ask.bind(this);
    if (!options.turn) return readNumbers(ask, ledger, definition, selection, options.tenants, proved);
    const facts =
      selection?.facts ?? (hasBegun ? await ask((session) => inspectTable(session, definition)) : null);
    const whole = facts && new RowSelection(definition, ledger, facts, null);
    return readNumbers(ask, ledger, definition, whole, null, proved);
  }
}
