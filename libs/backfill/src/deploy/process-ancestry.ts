import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Deeper than any chain of shells and wrappers between a command line and the program that it starts. */
const MAX_DEPTH = 32;

/**
 * Whether the process `ancestor` is alive above this one. Shells and wrappers may stand between the two.
 *
 * @returns also true when the system does not tell who started whom but `ancestor` is alive
 */
export function descendsFrom(ancestor: number, parent: number = process.ppid): boolean {
  let current: number | undefined = parent;
  for (let depth = 0; depth < MAX_DEPTH && current !== undefined && current > 0; depth++) {
    if (current === ancestor) return true;
    try {
      current = parentOf(current);
    } catch {
      return isAlive(ancestor);
    }
  }
  return false;
}

/** @returns undefined when there is none */
function parentOf(pid: number): number | undefined {
  const parent = Number.parseInt(READERS[process.platform]?.(pid) ?? readWithPs(pid), 10);
  return Number.isNaN(parent) ? undefined : parent;
}

const READERS: Partial<Record<NodeJS.Platform, (pid: number) => string>> = {
  // The fields after the command, which stands in parentheses and may hold any character: state, parent, …
  linux: (pid) => readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) \S+ /s, ''),
  win32: (pid) =>
    output('powershell', [
      '-NoProfile',
      '-Command',
      `(Get-CimInstance Win32_Process -Filter "ProcessId=${pid}").ParentProcessId`,
    ]),
};

function readWithPs(pid: number): string {
  return output('ps', ['-o', 'ppid=', '-p', String(pid)]);
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
