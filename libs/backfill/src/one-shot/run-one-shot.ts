import type { INestApplicationContext, LoggerService } from '@nestjs/common';
import { ArgumentError } from './arguments/arguments.error.js';
import { parseArguments } from './arguments/arguments.parser.js';
import { completionScript } from './arguments/completion.script.js';
import type { OneShotArguments } from './arguments/one-shot.arguments.js';
import { EXIT_CODES } from './exit-code.js';
import { commandLineState, enterOneShot, oneShotArgv } from './invocation.js';
import { OneShotRunner, type OneShotResult, type OneShotRunnerOptions } from './one-shot.runner.js';
import { DelegatingLogger } from './output/delegating.logger.js';
import { OneShotLogger } from './output/one-shot.logger.js';
import { stopSchedules } from './startup/schedule.stopper.js';
import { JsonOutput } from './output/json/json.output.js';
import type { OneShotOutput, OutputStreams } from './output/one-shot.output.js';
import { renderHelp } from './output/text/help.renderer.js';
import { TextOutput } from './output/text/text.output.js';
import { closeApplication, exitWhenOverdue, ignoreClosedPipes } from './process/process-end.js';
import type { RootModule } from './startup/application.starter.js';
import { StopSignals } from './process/stop-signals.js';
import { UncaughtErrorListener } from './process/uncaught-error.listener.js';

/**
 * The options of `runOneShot`.
 *
 * @publicApi
 */
export interface RunOneShotOptions {
  /**
   * The application's logger, or a function that takes it from the started application, e.g.
   * `(app) => app.get(Logger)`; the lines before that go to the default. With `--json`, its output to stdout is
   * redirected to stderr.
   * @default Nest's `ConsoleLogger`, with `--json` in its JSON mode
   */
  readonly logger?: LoggerService | ((app: INestApplicationContext) => LoggerService);
}

/**
 * Does what the arguments of the process request, without an HTTP server. Prints the result and closes the
 * application.
 *
 * Exit codes: 0 done, or stopped with work left; 1 the migrations failed; 2 wrong arguments or configuration;
 * 3 only with `--strict`: work is left or has failed. Never throws. The process normally ends by itself. It
 * is ended 5 s later if the application keeps it alive, and at once if the application could not be started
 * or the run was interrupted.
 *
 * @returns the exit code
 * @publicApi
 * @example
 * if (isOneShot()) process.exitCode = await runOneShot(AppModule);
 */
export async function runOneShot(module: RootModule, options: RunOneShotOptions = {}): Promise<number> {
  enterOneShot();
  const { stdout, stderr } = process;
  ignoreClosedPipes([stdout, stderr]);
  const argv = oneShotArgv();
  const request = parseOrError(argv);
  if (request instanceof ArgumentError) return refuseArguments(request, argv);
  if (request.action === 'help') {
    stdout.write(renderHelp());
    return EXIT_CODES.ok;
  }
  if (request.shell !== undefined) {
    stdout.write(completionScript(request.shell));
    return EXIT_CODES.ok;
  }
  const { logger } = options;
  const delegating =
    typeof logger === 'function'
      ? new DelegatingLogger(new OneShotLogger({ json: request.json || request.logFormat === 'json' }))
      : undefined;
  const output = createOutput(
    request,
    { stdout, stderr },
    typeof logger === 'function' ? delegating : logger,
  );
  const onStarted = (app: INestApplicationContext): void => {
    stopSchedules(app);
    if (typeof logger === 'function') delegating?.use(logger(app));
  };
  return perform(module, request, { output, onStarted });
}

function parseOrError(argv: readonly string[]): OneShotArguments | ArgumentError {
  try {
    return parseArguments(argv);
  } catch (error) {
    if (error instanceof ArgumentError) return error;
    throw error;
  }
}

async function perform(
  module: RootModule,
  request: OneShotArguments,
  { output, onStarted }: Pick<OneShotRunnerOptions, 'output' | 'onStarted'>,
): Promise<number> {
  const stop = new StopSignals({ commandLine: commandLineState() });
  const uncaught = new UncaughtErrorListener();
  const runner = new OneShotRunner(module, { request, output, stop, onStarted });
  const result = await Promise.race([runner.run(), uncaught.first.then((error) => runner.uncaught(error))]);
  await end(result, { stop, uncaught, output });
  return result.exitCode;
}

interface RunningParts {
  readonly stop: StopSignals;
  readonly uncaught: UncaughtErrorListener;
  readonly output: OneShotOutput;
}

async function end(
  { exitCode, app, mustExit }: OneShotResult,
  { stop, uncaught, output }: RunningParts,
): Promise<void> {
  // Also for an application that does not assign the result of `runOneShot`.
  process.exitCode = exitCode;
  if (mustExit) process.exit(exitCode);
  // The result has been reported: an error from now on does not change the exit code.
  void uncaught.first.then((error) => {
    process.stderr.write(`${String(error)}\n`, () => process.exit(exitCode));
  });
  if (app) {
    const { forceStop } = stop;
    await closeApplication(app, { forceStop, warn: (message) => output.warn(message) });
  }
  stop.release();
  exitWhenOverdue(exitCode, process.stderr);
}

async function refuseArguments(error: ArgumentError, argv: readonly string[]): Promise<number> {
  if (argv.includes('--json')) await refuseAsJson(error, argv);
  else process.stderr.write(`${error.message}\n`);
  process.exitCode = EXIT_CODES.usage;
  return EXIT_CODES.usage;
}

async function refuseAsJson({ message }: ArgumentError, argv: readonly string[]): Promise<void> {
  const { stdout, stderr } = process;
  const json = new JsonOutput({ stdout, stderr });
  json.error(message);
  const failure = { outcome: 'failed', reason: message } as const;
  await json.report(
    argv.includes('--backfill')
      ? { phase: 'backfill', ...failure, backfills: [] }
      : { phase: 'deploy', ...failure, left: [] },
  );
}

function createOutput(
  { json, progress, action, verbose, logFormat }: OneShotArguments,
  streams: OutputStreams,
  logger: LoggerService | undefined,
): OneShotOutput {
  if (json) return new JsonOutput(streams, logger);
  return new TextOutput(streams, {
    logFormat,
    progressBar: progress && action === 'run',
    detail: verbose ? 'full' : 'short',
    logger,
  });
}
