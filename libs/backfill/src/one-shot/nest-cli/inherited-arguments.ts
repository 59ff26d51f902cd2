import { descendsFrom, processGroup } from './process-ancestry.js';

/**
 * The environment variable that contains the one-shot arguments. The compiler plugin sets it in the process
 * of the Nest command line, and the application inherits it. It also contains the process id of the command
 * line, so that a process which inherits it from elsewhere, or much later, ignores it.
 */
export const INHERITED_ARGUMENTS_VARIABLE = 'NESTJS_BACKFILL_ARGUMENTS';

/** The JSON value of the variable. */
export interface PassedArguments {
  /** The process id of the Nest command line. */
  readonly from: number;
  /** Its process group, which the application shares; null where there is none. */
  readonly group: number | null;
  readonly arguments: readonly string[];
}

/** What the application got from the Nest command line. */
export interface InheritedArguments {
  readonly arguments: readonly string[];
  /** `ended`, e.g. after Ctrl+C: the run must stop. */
  readonly commandLine: 'alive' | 'ended';
}

/** The process tree around this process. */
export interface ProcessRelations {
  readonly descendsFrom: (pid: number) => boolean;
  readonly group: () => number | undefined;
}

const SYSTEM_RELATIONS: ProcessRelations = { descendsFrom, group: processGroup };

/** @param env is changed */
export function passArguments(argv: readonly string[], env: NodeJS.ProcessEnv): void {
  const passed: PassedArguments = { from: process.pid, group: processGroup() ?? null, arguments: argv };
  env[INHERITED_ARGUMENTS_VARIABLE] = JSON.stringify(passed);
}

/**
 * Reads the variable and removes it, so that no child process inherits it.
 *
 * @param env is changed
 * @returns undefined if the Nest command line passed no arguments to this process
 */
export function takeInheritedArguments(
  env: NodeJS.ProcessEnv,
  relations: ProcessRelations = SYSTEM_RELATIONS,
): InheritedArguments | undefined {
  const text = env[INHERITED_ARGUMENTS_VARIABLE];
  if (text === undefined) return undefined;
  delete env[INHERITED_ARGUMENTS_VARIABLE];
  const passed = parsePassedArguments(text);
  if (!passed) return undefined;
  if (relations.descendsFrom(passed.from)) return { arguments: passed.arguments, commandLine: 'alive' };
  // The command line has ended, but this process is in its process group. It must not start as a server.
  const isSameJob = passed.group !== null && passed.group === relations.group();
  return isSameJob ? { arguments: passed.arguments, commandLine: 'ended' } : undefined;
}

function parsePassedArguments(text: string): PassedArguments | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isPassedArguments(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isPassedArguments(value: unknown): value is PassedArguments {
  if (typeof value !== 'object' || value === null) return false;
  const { from, group, arguments: argv } = value as Partial<Record<keyof PassedArguments, unknown>>;
  return (
    Number.isSafeInteger(from) &&
    (group === null || Number.isSafeInteger(group)) &&
    Array.isArray(argv) &&
    argv.every((argument) => typeof argument === 'string')
  );
}
