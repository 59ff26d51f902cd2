import { descendsFrom, processGroup } from './process-ancestry.js';

/**
 * How the compiler plugin, which runs inside the Nest command line, tells the application its one-shot arguments: the
 * application inherits the environment. The variable names the command line's process, so that whatever inherits it
 * from somewhere else, or much later, ignores it.
 */
export const HANDOVER_VARIABLE = 'NESTJS_BACKFILL_ARGUMENTS';

/** What the plugin writes. */
export interface Handover {
  /** The process id of the Nest command line. */
  readonly from: number;
  /** Its process group, which the application shares; null where there is none. */
  readonly group: number | null;
  readonly arguments: readonly string[];
}

/** What the application reads. */
export interface TakenHandover {
  readonly arguments: readonly string[];
  /** False when the command line has ended meanwhile, as after Ctrl+C: what it asked for is not wanted any more. */
  readonly wanted: boolean;
}

/** What this process can tell of its kin. */
export interface Kinship {
  readonly descendsFrom: (pid: number) => boolean;
  readonly group: () => number | undefined;
}

const KINSHIP: Kinship = { descendsFrom, group: processGroup };

/** @param env changed in place */
export function handOver(argv: readonly string[], env: NodeJS.ProcessEnv): void {
  const handover: Handover = { from: process.pid, group: processGroup() ?? null, arguments: argv };
  env[HANDOVER_VARIABLE] = JSON.stringify(handover);
}

/**
 * Reads what was handed over and removes it, so that no process started from here inherits it.
 *
 * @param env changed in place
 * @returns undefined when nothing was handed over, or not to this process
 */
export function takeHandover(env: NodeJS.ProcessEnv, kinship: Kinship = KINSHIP): TakenHandover | undefined {
  const text = env[HANDOVER_VARIABLE];
  if (text === undefined) return undefined;
  delete env[HANDOVER_VARIABLE];
  const handover = parseHandover(text);
  if (!handover) return undefined;
  if (kinship.descendsFrom(handover.from)) return { arguments: handover.arguments, wanted: true };
  // Its parents are gone, but it is of the same job: it must not start as the server that nobody asked for.
  const sameJob = handover.group !== null && handover.group === kinship.group();
  return sameJob ? { arguments: handover.arguments, wanted: false } : undefined;
}

function parseHandover(text: string): Handover | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isHandover(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isHandover(value: unknown): value is Handover {
  if (typeof value !== 'object' || value === null) return false;
  const { from, group, arguments: argv } = value as Partial<Record<keyof Handover, unknown>>;
  return (
    Number.isSafeInteger(from) &&
    (group === null || Number.isSafeInteger(group)) &&
    Array.isArray(argv) &&
    argv.every((argument) => typeof argument === 'string')
  );
}
