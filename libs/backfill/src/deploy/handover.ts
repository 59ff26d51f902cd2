import { descendsFrom } from './process-ancestry.js';

/**
 * How the compiler plugin, which runs inside the Nest command line, tells the application its one-shot arguments: the
 * application inherits the environment. The variable names the command line's process, so that whatever inherits it
 * once that process is gone ignores it.
 */
export const HANDOVER_VARIABLE = 'NESTJS_BACKFILL_ARGUMENTS';

interface Handover {
  /** The process id of the Nest command line. */
  readonly from: number;
  readonly arguments: readonly string[];
}

/** @param env changed in place */
export function handOver(argv: readonly string[], env: NodeJS.ProcessEnv, from: number = process.pid): void {
  env[HANDOVER_VARIABLE] = JSON.stringify({ from, arguments: argv } satisfies Handover);
}

/**
 * Reads what was handed over and removes it, so that no process started from here inherits it.
 *
 * @returns empty when nothing was handed over, or not by a command line that started this process
 */
export function takeHandover(
  env: NodeJS.ProcessEnv,
  startedBy: (pid: number) => boolean = descendsFrom,
): readonly string[] {
  const text = env[HANDOVER_VARIABLE];
  if (text === undefined) return [];
  delete env[HANDOVER_VARIABLE];
  const handover = parseHandover(text);
  return handover && startedBy(handover.from) ? handover.arguments : [];
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
  const { from, arguments: argv } = value as Partial<Record<keyof Handover, unknown>>;
  return (
    Number.isSafeInteger(from) &&
    Array.isArray(argv) &&
    argv.every((argument) => typeof argument === 'string')
  );
}
