import { startsOneShot } from './arguments/arguments.table.js';
import { misplacedArgument } from './arguments/misplaced.argument.js';
import { takeInheritedArguments, type InheritedArguments } from './nest-cli/inherited-arguments.js';
import { argumentsOfParentNestCli } from './nest-cli/parent-command-line.js';

/** Kept after the first read, which removes the variable from the environment. */
let inherited: { readonly value: InheritedArguments | undefined } | undefined;

function inheritedArguments(): InheritedArguments | undefined {
  inherited ??= { value: takeInheritedArguments(process.env) ?? argumentsOfParentNestCli() };
  return inherited.value;
}

let hasEnteredOneShot = false;

/** From now on, this process is a one-shot run, independent of its arguments. */
export function enterOneShot(): void {
  hasEnteredOneShot = true;
}

/** During `work`, this process counts as a one-shot run. */
export async function asOneShot<T>(work: () => Promise<T>): Promise<T> {
  const before = hasEnteredOneShot;
  hasEnteredOneShot = true;
  try {
    return await work();
  } finally {
    hasEnteredOneShot = before;
  }
}

/** Whether this process is a one-shot run, or its arguments request one. */
export function isOneShotProcess(): boolean {
  return hasEnteredOneShot || isOneShot();
}

/** The inherited arguments, then the process's own. Some may appear twice, which the parser accepts. */
export function oneShotArgv(): readonly string[] {
  return [...(inheritedArguments()?.arguments ?? []), ...process.argv.slice(2)];
}

/** The state of the `nest start` that started this process as a one-shot run; undefined without one. */
export function commandLineState(): 'alive' | 'ended' | undefined {
  return inheritedArguments()?.commandLine;
}

/**
 * Whether the arguments of this process request a one-shot run, e.g. `nest start --backfill` or
 * `node dist/main.js --backfill`. Call it before the application is created. It does not change
 * `process.argv`.
 *
 * It is also true for an argument of one-shot mode without a phase (`--plan`) and for a misspelt one
 * (`--backfil`): `runOneShot` refuses them with exit code 2, instead of a server that starts. What follows `--`
 * belongs to the application.
 *
 * @publicApi
 * @throws ArgumentError if `nest start` got an argument that would start a server instead, e.g. `--backfil`
 * @example
 * if (isOneShot()) {
 *   process.exitCode = await runOneShot(AppModule);
 * } else {
 *   const app = await NestFactory.create(AppModule);
 *   await app.listen(3000);
 * }
 */
export function isOneShot(): boolean {
  const argv = oneShotArgv();
  return startsOneShot(argv) || misplacedArgument(argv) !== undefined;
}
