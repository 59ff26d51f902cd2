/**
 * The compiler plugin `nestjs-backfill/plugin`, named in nest-cli.json. It compiles nothing: the Nest command line drops
 * arguments that it does not know, but loads its plugins in its own process before it starts the application, and
 * there this one hands the one-shot arguments on.
 *
 * @packageDocumentation
 */
import { ArgumentError } from './one-shot/arguments/arguments.error.js';
import { EXIT_CODES } from './one-shot/exit-code.js';
import { handOver } from './one-shot/nest-cli/handover.js';
import { oneShotArgumentsOfNestCli } from './one-shot/nest-cli/nest-cli.arguments.js';

handOverOneShotArguments();

/** The hook that the Nest command line requires of a plugin. Changes no source file. */
export function before(): () => <Node>(sourceFile: Node) => Node {
  return () => (sourceFile) => sourceFile;
}

function handOverOneShotArguments(): void {
  try {
    const argv = oneShotArgumentsOfNestCli(process.argv);
    if (argv) handOver(argv, process.env);
  } catch (error) {
    if (!(error instanceof ArgumentError)) throw error;
    process.stderr.write(`${error.message}\n`);
    // Thrown on, the Nest command line would report a plugin that is not installed, with exit code 0.
    process.exit(EXIT_CODES.usage);
  }
}
