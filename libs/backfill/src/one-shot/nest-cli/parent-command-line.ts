import { parentCommandLine, type CommandLineReader } from './process-ancestry.js';
import type { InheritedArguments } from './inherited-arguments.js';
import { oneShotArgumentsOfNestCli } from './nest-cli.arguments.js';

/** The Nest command line starts the application itself or through one shell. */
const MAX_SHELLS = 2;
const SHELL = /(^|[\\/])(ba|da|z|k|a)?sh$/;

/**
 * The one-shot arguments of the Nest command line that started this process. It is for a command line that did
 * not load the plugin: its SWC builder loads plugins only with type checking, and the application would start
 * as a server.
 *
 * @returns undefined without such a command line, and where the system does not show it (Windows)
 * @throws {ArgumentError} for an argument of one-shot mode if the command would start a server
 */
export function argumentsOfParentNestCli(
  read: CommandLineReader = parentCommandLine,
): InheritedArguments | undefined {
  let pid = process.pid;
  for (let depth = 0; depth <= MAX_SHELLS; depth++) {
    const parent = read(pid);
    if (!parent) return undefined;
    const passed = oneShotArgumentsOfNestCli(parent.argv);
    if (passed) return { arguments: passed, commandLine: 'alive' };
    // Any other program between them, e.g. an application that starts a second one, has decided for itself.
    if (!SHELL.test(parent.argv[0] ?? '')) return undefined;
    pid = parent.pid;
  }
  return undefined;
}
