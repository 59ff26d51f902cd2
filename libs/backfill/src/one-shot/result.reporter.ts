import { BackfillError } from '../errors/backfill.error.js';
import type { InterruptedOutcome } from '../deploy/deploy.phase.js';
import type { DeploySequence } from '../deploy/deploy.sequence.js';
import type { OneShotArguments } from './arguments/one-shot.arguments.js';
import { messageOf } from '../postgres/error-classes.js';
import { explanationOf } from './error.text.js';
import { EXIT_CODES, exitCodeOf, type ExitCode } from './exit-code.js';
import { isInspection, type InspectionAction } from './one-shot.action.js';
import type { OneShotReport } from './one-shot.report.js';
import type { OneShotOutput } from './output/one-shot.output.js';
import { isDatabaseUnreachable, reachabilityMessage } from './startup/database-reachability.js';
import { DatabaseUnreachableError, StoppedAtStartError } from './startup/start-up.error.js';

export interface ResultReporterOptions {
  readonly request: OneShotArguments;
  readonly output: OneShotOutput;
  /** Creates the report of an interrupted run. */
  readonly sequence: DeploySequence;
}

/** Writes the result of a run, also of one that failed or was interrupted, and returns its exit code. */
export class ResultReporter {
  readonly #request: OneShotArguments;
  readonly #output: OneShotOutput;
  readonly #sequence: DeploySequence;

  constructor({ request, output, sequence }: ResultReporterOptions) {
    this.#request = request;
    this.#output = output;
    this.#sequence = sequence;
  }

  async finished(report: OneShotReport): Promise<ExitCode> {
    await this.#output.report(report);
    return exitCodeOf(report, this.#request);
  }

  /** The application could not be started. */
  async notStarted(error: unknown): Promise<ExitCode> {
    if (error instanceof StoppedAtStartError) return this.interrupted('incomplete', error.message);
    if (error instanceof DatabaseUnreachableError) return this.interrupted('failed', error.message);
    return this.refused(error);
  }

  /** The run threw an error. */
  async failed(error: unknown): Promise<ExitCode> {
    if (error instanceof BackfillError) return this.refused(error);
    if (isDatabaseUnreachable(error)) {
      const reason = `The connection to the database was lost: ${reachabilityMessage(error)}.`;
      return this.interrupted('failed', reason);
    }
    return this.crashed(error);
  }

  /** An unexpected error, which is printed with its stack unless its cause is known. */
  async crashed(error: unknown): Promise<ExitCode> {
    this.#output.error(explanationOf(error));
    return this.interrupted('failed', messageOf(error));
  }

  /** The usage or the configuration is wrong, and nothing was run. */
  async refused(error: unknown): Promise<ExitCode> {
    this.#output.error(explanationOf(error));
    const { json, action } = this.#request;
    if (json && isInspection(action)) await this.#failedInspection(action, 'failed', messageOf(error));
    else if (json) await this.#output.report(this.#sequence.interruptedReport('failed', messageOf(error)));
    return EXIT_CODES.usage;
  }

  /** The run ended before its work was done. */
  async interrupted(outcome: InterruptedOutcome, reason: string): Promise<ExitCode> {
    const { action } = this.#request;
    if (isInspection(action)) return this.#failedInspection(action, outcome, reason);
    if (action === 'control' || action === 'housekeeping') {
      // The command had no effect, and no later run repeats it. Therefore the exit code is never 0.
      await this.#output.report(this.#sequence.interruptedReport('failed', reason));
      return EXIT_CODES.usage;
    }
    return this.finished(this.#sequence.interruptedReport(outcome, reason));
  }

  /** Never exit code 1: an inspection changes nothing, so a deployment does not have to stop. */
  async #failedInspection(
    action: InspectionAction,
    outcome: InterruptedOutcome,
    reason: string,
  ): Promise<ExitCode> {
    const { phases, strict } = this.#request;
    const [phase = 'deploy'] = phases.length === 1 ? phases : [];
    await this.#output.failedInspection(action, { phase, outcome, reason });
    return strict && outcome === 'failed' ? EXIT_CODES.strict : EXIT_CODES.ok;
  }
}
