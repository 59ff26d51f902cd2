import type { LoggerService } from '@nestjs/common';
import type { RootModule } from './startup/application.starter.js';
import { ArgumentError } from './arguments/arguments.error.js';
import { parseArguments, type OneShotArguments } from './arguments/arguments.parser.js';
import { CrashWatch } from './crash-watch.js';
import { EXIT_CODES } from './exit-code.js';
import { renderHelp } from './output/text/help.renderer.js';
import { commandLineState, enterOneShot, oneShotArgv } from './invocation.js';
import { JsonOutput } from './output/json/json.output.js';
import { OneShotRunner } from './one-shot.runner.js';
import type { OneShotOutput, OutputStreams } from './output/one-shot.output.js';
import { PHASES } from '../deploy/phases.js';
import { closeApplication, endWhenOverdue, surviveClosedPipes } from './process-end.js';
import { StopSignals } from './stop-signals.js';
import { TextOutput } from './output/text/text.output.js';

/**
 * What `runOneShot` takes besides the application.
 *
 * @publicApi
 */
export interface RunOneShotOptions {
  /**
   * The application's logger. With `--json` what it writes to stdout goes to stderr.
   * @default Nest's own, as JSON with `--json`
   */
  readonly logger?: LoggerService;
}

/**
 * Runs what the process's arguments ask for, without an HTTP server, prints what came of it and closes the application.
 *
 * Exit codes: 0 done, or stopped with work left; 1 the migrations did not succeed; 2 wrong arguments or configuration;
 * 3 with `--strict` only: anything is left or has failed. Never throws. The process ends by itself; it is ended 5 s later if the application keeps it alive, and
 * at once when the application could not be started or the run had to be cut short.
 *
 * @returns the exit code
 * @publicApi
 * @example
 * if (isOneShot()) process.exitCode = await runOneShot(AppModule);
 */
export async function runOneShot(module: RootModule, options: RunOneShotOptions = {}): Promise<number> {
  enterOneShot();
  const { stdout, stderr } = process;
  surviveClosedPipes([stdout, stderr]);
  const argv = oneShotArgv();
  let request: OneShotArguments;
  try {
    request = parseArguments(argv);
  } catch (error) {
    if (!(error instanceof ArgumentError)) throw error;
    return refuse(error, argv, argv.includes('--json') ? new JsonOutput({ stdout, stderr }) : undefined);
  }
  if (request.action === 'help') {
    stdout.write(renderHelp());
    return EXIT_CODES.ok;
  }
  return perform(module, request, outputFor(request, { stdout, stderr }, options.logger));
}

async function perform(
  module: RootModule,
  request: OneShotArguments,
  output: OneShotOutput,
): Promise<number> {
  const stop = new StopSignals({ commandLine: commandLineState() });
  const crash = new CrashWatch();
  const runner = new OneShotRunner(module, request, output, stop);
  const end = await Promise.race([runner.run(), crash.happened.then((error) => runner.crashed(error))]);
  // Also for who forgets to assign what this returns.
  process.exitCode = end.exitCode;
  if (end.abandoned) process.exit(end.exitCode);
  // The run is over: what breaks now is told, and changes nothing about how it ended.
  void crash.happened.then((error) => {
    process.stderr.write(`${String(error)}\n`, () => process.exit(end.exitCode));
  });
  if (end.app) await closeApplication(end.app, stop.impatient, (message) => output.warn(message));
  stop.release();
  endWhenOverdue(end.exitCode, process.stderr);
  return end.exitCode;
}

async function refuse(
  error: ArgumentError,
  argv: readonly string[],
  json: JsonOutput | undefined,
): Promise<number> {
  if (json) {
    json.error(error.message);
    const failure = { outcome: 'failed', reason: error.message } as const;
    await json.phase(
      argv.some((argument) => argument === `--${PHASES.backfill.flag}`)
        ? { phase: 'backfill', ...failure, backfills: [] }
        : { phase: 'deploy', ...failure, left: [] },
    );
  } else {
    process.stderr.write(`${error.message}\n`);
  }
  process.exitCode = EXIT_CODES.usage;
  return EXIT_CODES.usage;
}

function outputFor(
  { json, progress, action }: OneShotArguments,
  streams: OutputStreams,
  logger: LoggerService | undefined,
): OneShotOutput {
  return json
    ? new JsonOutput(streams, logger)
    : new TextOutput(streams, progress && action === 'run', logger);
}
