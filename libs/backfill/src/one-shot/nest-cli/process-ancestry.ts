import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Deeper than any chain of shells and wrappers between a command line and the program that it starts. */
const MAX_DEPTH = 32;

/** Where a process stands among the others. */
interface ProcessPlace {
  readonly parent: number;
  /** The process group, which a process keeps when its parent ends; undefined on Windows, which has none. */
  readonly group: number | undefined;
}

/**
 * Whether the process `ancestor` is alive above this one. Shells and wrappers may stand between the two.
 *
 * @returns also true when the system does not tell who started whom but `ancestor` is alive
 */
export function descendsFrom(ancestor: number, parent: number = process.ppid): boolean {
  let current = parent;
  for (let depth = 0; depth < MAX_DEPTH && current > 0; depth++) {
    if (current === ancestor) return true;
    const place = placeOf(current);
    if (!place) return isAlive(ancestor);
    current = place.parent;
  }
  return false;
}

/** The process group of this process; undefined where there is none, or the system does not tell. */
export function processGroup(): number | undefined {
  return placeOf(process.pid)?.group;
}

function placeOf(pid: number): ProcessPlace | undefined {
  try {
    const [parent, group] = (READERS[process.platform] ?? readWithPs)(pid).map((field) =>
      Number.parseInt(field, 10),
    );
    if (parent === undefined || Number.isNaN(parent)) return undefined;
    return { parent, group: group === undefined || Number.isNaN(group) ? undefined : group };
  } catch {
    return undefined;
  }
}

/** Each gives the parent and, where there is one, the process group. */
const READERS: Partial<Record<NodeJS.Platform, (pid: number) => string[]>> = {
  // After the command, which stands in parentheses and may hold any character: state, parent, group, …
  linux: (pid) =>
    readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
      .slice(1, 3),
  win32: (pid) => [
    output('powershell', [
      '-NoProfile',
      '-Command',
      `(Get-CimInstance Win32_Process -Filter "ProcessId=${pid}").ParentProcessId`,
    ]),
  ],
};

function readWithPs(pid: number): string[] {
  return output('ps', ['-o', 'ppid=,pgid=', '-p', String(pid)])
    .trim()
    .split(/\s+/);
}

function output(command: string, parameters: readonly string[]): string {
  return execFileSync(command, parameters, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: 5_000,
  });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
