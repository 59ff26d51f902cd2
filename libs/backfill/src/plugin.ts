/**
 * The compiler plugin `nestjs-backfill/plugin`, listed in nest-cli.json. It changes no code. The Nest command
 * line drops unknown arguments, but it loads its plugins in its own process before it starts the application.
 * There, this plugin passes the one-shot arguments on to the application.
 *
 * @packageDocumentation
 */
import { ArgumentError } from './one-shot/arguments/arguments.error.js';
import { EXIT_CODES } from './one-shot/exit-code.js';
import { passArguments } from './one-shot/nest-cli/inherited-arguments.js';
import { oneShotArgumentsOfNestCli } from './one-shot/nest-cli/nest-cli.arguments.js';

passOneShotArguments();

/** The hook that the Nest command line requires of a plugin. It changes no source file. */
export function before(): () => <Node>(sourceFile: Node) => Node {
  return () => (sourceFile) => sourceFile;
}

function passOneShotArguments(): void {
  try {
    const argv = oneShotArgumentsOfNestCli(process.argv);
    if (argv) passArguments(argv, process.env);
  } catch (error) {
    if (!(error instanceof ArgumentError)) throw error;
    process.stderr.write(`${error.message}\n`);
    // If this threw, the Nest command line would report that the plugin is not installed, and exit with 0.
    process.exit(EXIT_CODES.usage);
  }
}
