import type { INestApplicationContext } from '@nestjs/common';
import type { BackfillPhaseReport } from '../backfills/report/report.js';
import type { RunRequest } from '../backfills/report/request.js';
import { BackfillError } from '../backfill.error.js';
import { startApplication, type RootModule } from './application.starter.js';
import type { OneShotArguments } from './arguments.parser.js';
import { isDatabaseUnreachable, reachabilityMessage } from './database-reachability.js';
import { engineOf, type BackfillEngine } from './engine.js';
import { EXIT_CODES, exitCodeOf, type ExitCode } from './exit-code.js';
import type { OneShotOutput } from './one-shot.output.js';
import { RecordingObserver } from './recording.observer.js';
import { DatabaseUnreachableError, StoppedAtStartError } from './start-up.error.js';
import type { StopSignals } from './stop-signals.js';
import { renderDuration } from './text-format.js';

type Stop = Pick<StopSignals, 'signal' | 'impatient'>;

/** How a run ended. */
export interface OneShotEnd {
  readonly exitCode: ExitCode;
  /** To be closed; undefined when it was never started. */
  readonly app?: INestApplicationContext;
  /** Work was left behind that does not end by itself, so the process must be ended. */
  readonly abandoned?: true;
}

/** Starts the application, does what the arguments ask for, and tells what came of it. Never throws. */
export class OneShotRunner {
  readonly #module: RootModule;
  readonly #arguments: OneShotArguments;
  readonly #output: OneShotOutput;
  readonly #stop: Stop;
  readonly #recording: RecordingObserver;
  #started = false;

  constructor(module: RootModule, request: OneShotArguments, output: OneShotOutput, stop: Stop) {
    this.#module = module;
    this.#arguments = request;
    this.#output = output;
    this.#stop = stop;
    this.#recording = new RecordingObserver(output.observer);
  }

  async run(): Promise<OneShotEnd> {
    const { connectTimeoutMs } = this.#arguments;
    let app: INestApplicationContext;
    try {
      app = await startApplication(this.#module, {
        logger: this.#output.logger,
        connectTimeoutMs,
        signal: this.#stop.signal,
        waiting: (words) =>
          this.#output.warn(
            `Waiting for the database, for at most ${renderDuration(connectTimeoutMs)}: ${words}`,
          ),
      });
    } catch (error) {
      return { exitCode: await this.#notStarted(error), abandoned: true };
    }
    this.#started = true;
    try {
      return { ...(await this.#perform(engineOf(app, nameOf(this.#module)))), app };
    } catch (error) {
      return { exitCode: await this.#failed(error), app };
    }
  }

  /** Ends the run for an error that nobody caught. */
  async crashed(error: unknown): Promise<OneShotEnd> {
    if (!this.#started) return { exitCode: await this.#refused(error), abandoned: true };
    this.#output.error(stackOf(error));
    return {
      exitCode: await this.#tell(failure(messageOf(error), this.#recording.finished)),
      abandoned: true,
    };
  }

  async #perform(engine: BackfillEngine): Promise<Omit<OneShotEnd, 'app'>> {
    const { action, names, tenants } = this.#arguments;
    const chosen = {
      ...(names.length > 0 ? { names } : {}),
      ...(tenants.length > 0 ? { tenants } : {}),
    };
    if (action === 'run') return this.#runBackfills(engine, chosen);
    // Looking changes nothing, so a signal ends it at once.
    const look = action === 'plan' ? engine.plan(chosen) : engine.status(chosen);
    const report = await Promise.race([look, aborted(this.#stop.signal)]);
    if (typeof report === 'string') return this.#cutShort(report);
    if ('plan' in report) await this.#output.plan(report);
    else await this.#output.status(report);
    return { exitCode: EXIT_CODES.ok };
  }

  async #runBackfills(
    engine: BackfillEngine,
    chosen: Pick<RunRequest, 'names' | 'tenants'>,
  ): Promise<Omit<OneShotEnd, 'app'>> {
    const { maxDurationMs, connectTimeoutMs, retryQuarantined } = this.#arguments;
    const run = engine.run({
      ...chosen,
      ...(maxDurationMs === undefined ? {} : { maxDurationMs }),
      connectTimeoutMs,
      retryQuarantined,
      signal: this.#stop.signal,
      observer: this.#recording.observer,
    });
    const report = await Promise.race([run, this.#stop.impatient]);
    if (typeof report === 'string') return this.#cutShort(report);
    return { exitCode: await this.#tell(report) };
  }

  async #cutShort(reason: string): Promise<Omit<OneShotEnd, 'app'>> {
    const backfills = this.#recording.finished;
    const exitCode = await this.#tell({ phase: 'backfill', outcome: 'incomplete', reason, backfills });
    return { exitCode, abandoned: true };
  }

  async #notStarted(error: unknown): Promise<ExitCode> {
    if (error instanceof StoppedAtStartError) {
      return this.#tell({ phase: 'backfill', outcome: 'incomplete', reason: error.message, backfills: [] });
    }
    if (error instanceof DatabaseUnreachableError) return this.#tell(failure(error.message));
    return this.#refused(error);
  }

  async #failed(error: unknown): Promise<ExitCode> {
    if (error instanceof BackfillError) return this.#refused(error);
    if (isDatabaseUnreachable(error)) {
      return this.#tell(failure(`The database was lost: ${reachabilityMessage(error)}.`));
    }
    this.#output.error(stackOf(error));
    return this.#tell(failure(messageOf(error)));
  }

  /** Wrong usage or configuration: nothing was run. */
  async #refused(error: unknown): Promise<ExitCode> {
    this.#output.error(error instanceof BackfillError ? error.message : stackOf(error));
    if (this.#arguments.json) await this.#output.phase(failure(messageOf(error)));
    return EXIT_CODES.usage;
  }

  async #tell(report: BackfillPhaseReport): Promise<ExitCode> {
    await this.#output.phase(report);
    return exitCodeOf(report.outcome, this.#arguments.strict);
  }
}

function failure(reason: string, backfills: BackfillPhaseReport['backfills'] = []): BackfillPhaseReport {
  return { phase: 'backfill', outcome: 'failed', reason, backfills };
}

function aborted(signal: AbortSignal): Promise<string> {
  return new Promise((resolve) => {
    const heard = (): void => resolve(String(signal.reason));
    if (signal.aborted) heard();
    else signal.addEventListener('abort', heard, { once: true });
  });
}

function nameOf(module: RootModule): string {
  return typeof module === 'function' ? module.name : 'The root module';
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
