import type { INestApplicationContext } from '@nestjs/common';
import type { DeploySequence } from '../deploy/deploy.sequence.js';
import { PhaseServices } from '../deploy/phase.services.js';
import type { CommandOptions } from '../report/control-report.js';
import { onAbort } from '../text/abort.listener.js';
import { formatDuration } from '../text/duration.format.js';
import type { OneShotArguments } from './arguments/one-shot.arguments.js';
import { runControlCommand } from './control.command.js';
import { runHousekeeping } from './housekeeping/housekeeping.command.js';
import { EXIT_CODES, exitCodeOfControl, exitCodeOfInspection, type ExitCode } from './exit-code.js';
import { readPlan, readStatus } from './inspection.js';
import { isInspection, type InspectionAction } from './one-shot.action.js';
import { createSequence } from './one-shot.sequence.js';
import type { OneShotOutput } from './output/one-shot.output.js';
import { ResultReporter } from './result.reporter.js';
import { startApplication, type RootModule } from './startup/application.starter.js';
import type { StopSignals } from './process/stop-signals.js';

/** How a run ended. */
export interface OneShotResult {
  readonly exitCode: ExitCode;
  /** The application to close; undefined if it was not started. */
  readonly app?: INestApplicationContext;
  /** The process must exit at once, because work of the run is still in progress. */
  readonly mustExit?: true;
}

export interface OneShotRunnerOptions {
  readonly request: OneShotArguments;
  readonly output: OneShotOutput;
  readonly stop: Pick<StopSignals, 'signal' | 'forceStop'>;
  /** Called with the started application, before any work. @default nothing */
  readonly onStarted?: ((app: INestApplicationContext) => void) | undefined;
}

/** Starts the application, does what the arguments request, and reports the result. Never throws. */
export class OneShotRunner {
  readonly #module: RootModule;
  readonly #request: OneShotArguments;
  readonly #output: OneShotOutput;
  readonly #stop: Pick<StopSignals, 'signal' | 'forceStop'>;
  readonly #onStarted: OneShotRunnerOptions['onStarted'];
  readonly #sequence: DeploySequence;
  readonly #reporter: ResultReporter;
  #isStarted = false;

  constructor(module: RootModule, { request, output, stop, onStarted }: OneShotRunnerOptions) {
    this.#onStarted = onStarted;
    this.#module = module;
    this.#request = request;
    this.#output = output;
    this.#stop = stop;
    this.#sequence = createSequence(request, output, stop.signal);
    this.#reporter = new ResultReporter({ request, output, sequence: this.#sequence });
  }

  async run(): Promise<OneShotResult> {
    let app: INestApplicationContext;
    try {
      app = await this.#start();
    } catch (error) {
      return { exitCode: await this.#reporter.notStarted(error), mustExit: true };
    }
    this.#isStarted = true;
    try {
      this.#onStarted?.(app);
      return { ...(await this.#perform(app)), app };
    } catch (error) {
      return { exitCode: await this.#reporter.failed(error), app };
    }
  }

  /** Reports an uncaught error, which ends the run. */
  async uncaught(error: unknown): Promise<OneShotResult> {
    const exitCode = this.#isStarted
      ? await this.#reporter.crashed(error)
      : await this.#reporter.refused(error);
    return { exitCode, mustExit: true };
  }

  #start(): Promise<INestApplicationContext> {
    const { connectTimeoutMs } = this.#request;
    return startApplication(this.#module, {
      logger: this.#output.logger,
      connectTimeoutMs,
      signal: this.#stop.signal,
      onSlowStart: (message) => this.#output.warn(message),
      onWaiting: (reason) =>
        this.#output.warn(`Waiting for the database, at most ${formatDuration(connectTimeoutMs)}: ${reason}`),
    });
  }

  async #perform(app: INestApplicationContext): Promise<OneShotResult> {
    const services = new PhaseServices(app, nameOf(this.#module));
    const { control, housekeeping, action } = this.#request;
    if (control || housekeeping) return this.#command(services);
    return isInspection(action) ? this.#inspect(action, services) : this.#runPhases(services);
  }

  /** A command of a person. A signal cancels what it waits for; if that does not end it, the process ends. */
  async #command(services: PhaseServices): Promise<OneShotResult> {
    const command = { ...this.#waiting, signal: this.#stop.signal };
    const done = await Promise.race([this.#commanded(services, command), this.#stop.forceStop]);
    if (typeof done !== 'string') return { exitCode: await done() };
    return { exitCode: await this.#reporter.interrupted('failed', done), mustExit: true };
  }

  get #waiting(): CommandOptions {
    return { waiting: (waitingFor) => this.#output.warn(`Waiting for ${waitingFor}`) };
  }

  /** @returns a function that prints the result */
  async #commanded(services: PhaseServices, command: CommandOptions): Promise<() => Promise<ExitCode>> {
    const { control, housekeeping } = this.#request;
    if (control) {
      const report = await runControlCommand(services, control, command);
      return async () => {
        await this.#output.control(report);
        return exitCodeOfControl(report, this.#request);
      };
    }
    const report = housekeeping && (await runHousekeeping(services, housekeeping, command));
    return async () => {
      if (report) await this.#output.housekeeping(report);
      return EXIT_CODES.ok;
    };
  }

  async #runPhases(services: PhaseServices): Promise<OneShotResult> {
    const report = await Promise.race([this.#sequence.run(services), this.#stop.forceStop]);
    if (typeof report !== 'string') return { exitCode: await this.#reporter.finished(report) };
    return { exitCode: await this.#reporter.interrupted('incomplete', report), mustExit: true };
  }

  /** An inspection changes nothing. Therefore the first signal ends it at once, with exit code 0. */
  async #inspect(action: InspectionAction, services: PhaseServices): Promise<OneShotResult> {
    const show = action === 'plan' ? this.#readPlan(services) : this.#readStatus(services);
    const inspected = await Promise.race([show, reasonOfAbort(this.#stop.signal)]);
    if (typeof inspected === 'string') {
      this.#output.error(`${inspected}: the ${action} was interrupted.`);
      return { exitCode: EXIT_CODES.ok, mustExit: true };
    }
    return { exitCode: await inspected() };
  }

  /** @returns a function that prints the plan */
  async #readPlan(services: PhaseServices): Promise<() => Promise<ExitCode>> {
    const plan = await readPlan(services, this.#request);
    return async () => {
      await this.#output.plan(plan);
      return exitCodeOfInspection(plan, this.#request);
    };
  }

  /** @returns a function that prints the status */
  async #readStatus(services: PhaseServices): Promise<() => Promise<ExitCode>> {
    const status = await readStatus(services, this.#request, this.#waiting);
    return async () => {
      await this.#output.status(status);
      return exitCodeOfInspection(status, this.#request);
    };
  }
}

function reasonOfAbort(signal: AbortSignal): Promise<string> {
  return new Promise((resolve) => onAbort(signal, () => resolve(String(signal.reason))));
}

function nameOf(module: RootModule): string {
  return typeof module === 'function' ? module.name : 'The root module';
}
