import type { INestApplicationContext } from '@nestjs/common';
import { BackfillError } from '../errors/backfill.error.js';
import { startApplication, type RootModule } from './startup/application.starter.js';
import type { OneShotArguments } from './arguments/arguments.parser.js';
import { BackfillPhase } from '../deploy/backfill.phase.js';
import { isDatabaseUnreachable, reachabilityMessage } from './startup/database-reachability.js';
import type { OneShotReport } from '../deploy/deploy.report.js';
import type { ControlArguments } from './arguments/control.arguments.js';
import { giveOrder } from './control-command.js';
import { DeploySequence } from '../deploy/deploy.sequence.js';
import { EXIT_CODES, exitCodeOf, type ExitCode } from './exit-code.js';
import { IndexesPhase } from '../deploy/indexes.phase.js';
import { look } from './inspection.js';
import { MigratePhase } from '../deploy/migrate.phase.js';
import type { OneShotOutput } from './output/one-shot.output.js';
import type { ShortEnd } from '../deploy/phase-run.js';
import { isLook, type LookAction } from '../deploy/phases.js';
import { DatabaseUnreachableError, StoppedAtStartError } from './startup/start-up.error.js';
import type { StopSignals } from './stop-signals.js';
import { renderDuration } from '../text/format.js';

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
  readonly #sequence: DeploySequence;
  #started = false;

  constructor(module: RootModule, request: OneShotArguments, output: OneShotOutput, stop: Stop) {
    this.#module = module;
    this.#arguments = request;
    this.#output = output;
    this.#stop = stop;
    this.#sequence = this.#phases();
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
      return { ...(await this.#perform(app)), app };
    } catch (error) {
      return { exitCode: await this.#failed(error), app };
    }
  }

  /** Ends the run for an error that nobody caught. */
  async crashed(error: unknown): Promise<OneShotEnd> {
    if (!this.#started) return { exitCode: await this.#refused(error), abandoned: true };
    this.#output.error(stackOf(error));
    return { exitCode: await this.#tellShort('failed', messageOf(error)), abandoned: true };
  }

  #phases(): DeploySequence {
    const { phases, names, tenants, maxDurationMs, maxWaitMs, connectTimeoutMs, retryQuarantined, rebuild } =
      this.#arguments;
    const { observer } = this.#output;
    const { signal } = this.#stop;
    const backfills = {
      ...(names.length > 0 ? { names } : {}),
      ...(tenants.length > 0 ? { tenants } : {}),
      ...(maxDurationMs === undefined ? {} : { maxDurationMs }),
      connectTimeoutMs,
      retryQuarantined,
      signal,
    };
    const all = {
      migrate: () =>
        new MigratePhase({ log: this.#output.logOf('Migration'), signal, connectTimeoutMs, observer }),
      indexes: () =>
        new IndexesPhase({
          log: this.#output.logOf('Index'),
          signal,
          rebuild,
          ...(maxWaitMs === undefined ? {} : { maxWait: maxWaitMs }),
        }),
      backfill: () => new BackfillPhase(backfills, observer),
    };
    return new DeploySequence(
      phases.map((phase) => all[phase]()),
      (error) => this.#output.error(error instanceof BackfillError ? error.message : stackOf(error)),
      signal,
    );
  }

  async #perform(app: INestApplicationContext): Promise<Omit<OneShotEnd, 'app'>> {
    const module = nameOf(this.#module);
    const { control } = this.#arguments;
    if (control) return this.#control(app, module, control);
    if (isLook(this.#arguments.action)) return this.#look(app, module);
    const report = await Promise.race([this.#sequence.run(app, module), this.#stop.impatient]);
    if (typeof report === 'string') return this.#cutShort(report);
    return { exitCode: await this.#tell(report) };
  }

  async #control(
    app: INestApplicationContext,
    module: string,
    order: ControlArguments,
  ): Promise<Omit<OneShotEnd, 'app'>> {
    await this.#output.control(await giveOrder(app, module, order));
    return { exitCode: EXIT_CODES.ok };
  }

  async #look(app: INestApplicationContext, module: string): Promise<Omit<OneShotEnd, 'app'>> {
    // Looking changes nothing, so a signal ends it at once, and with 0 whatever was looked at.
    const found = await Promise.race([look(app, module, this.#arguments), aborted(this.#stop.signal)]);
    if (typeof found === 'string') {
      this.#output.error(`${found}: the look was cut short.`);
      return { exitCode: EXIT_CODES.ok, abandoned: true };
    }
    if (found.action === 'plan') await this.#output.plan(found.report);
    else await this.#output.status(found.report);
    return { exitCode: EXIT_CODES.ok };
  }

  async #cutShort(reason: string): Promise<Omit<OneShotEnd, 'app'>> {
    return { exitCode: await this.#tellShort('incomplete', reason), abandoned: true };
  }

  async #notStarted(error: unknown): Promise<ExitCode> {
    if (error instanceof StoppedAtStartError) {
      return this.#tellShort('incomplete', error.message);
    }
    if (error instanceof DatabaseUnreachableError) return this.#tellShort('failed', error.message);
    return this.#refused(error);
  }

  async #failed(error: unknown): Promise<ExitCode> {
    if (error instanceof BackfillError) return this.#refused(error);
    if (isDatabaseUnreachable(error)) {
      return this.#tellShort('failed', `The database was lost: ${reachabilityMessage(error)}.`);
    }
    this.#output.error(stackOf(error));
    return this.#tellShort('failed', messageOf(error));
  }

  /** Wrong usage or configuration: nothing was run. */
  async #refused(error: unknown): Promise<ExitCode> {
    this.#output.error(error instanceof BackfillError ? error.message : stackOf(error));
    const { json, action } = this.#arguments;
    if (json && isLook(action)) await this.#tellUnread(action, 'failed', messageOf(error));
    else if (json) await this.#output.phase(this.#sequence.cutShort('failed', messageOf(error)));
    return EXIT_CODES.usage;
  }

  async #tellShort(end: ShortEnd, reason: string): Promise<ExitCode> {
    // An order that was not carried out is no work that is left: whoever gave it must not take it for done.
    if (this.#arguments.control) {
      await this.#tell(this.#sequence.cutShort('failed', reason));
      return EXIT_CODES.usage;
    }
    const { action } = this.#arguments;
    if (isLook(action)) return this.#tellUnread(action, end, reason);
    return this.#tell(this.#sequence.cutShort(end, reason));
  }

  /** Nothing was to be changed, so nothing has failed that a deployment must stop for. */
  async #tellUnread(action: LookAction, outcome: ShortEnd, reason: string): Promise<ExitCode> {
    const { phases, strict } = this.#arguments;
    const [only = 'deploy'] = phases.length === 1 ? phases : [];
    await this.#output.unread(action, { phase: only, outcome, reason });
    return strict && outcome === 'failed' ? EXIT_CODES.strict : EXIT_CODES.ok;
  }

  async #tell(report: OneShotReport): Promise<ExitCode> {
    await this.#output.phase(report);
    return exitCodeOf(report, this.#arguments.strict);
  }
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
