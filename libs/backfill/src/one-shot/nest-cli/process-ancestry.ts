import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** How many parents are followed: more than the shells and wrappers that a command line starts. */
const MAX_DEPTH = 32;

/** Time limit of a program that reads the process table, e.g. `ps`. */
const QUERY_TIMEOUT_MS = 5_000;

interface ProcessEntry {
  readonly parent: number;
  /** The process group, which a process keeps when its parent ends; undefined on Windows, which has none. */
  readonly group: number | undefined;
}

/**
 * Whether the process `ancestor` is alive and a direct or indirect parent. Shells and wrappers may be in
 * between.
 *
 * @returns also true if `ancestor` is alive and the system does not show the parents of a process
 */
export function descendsFrom(ancestor: number, parent: number = process.ppid): boolean {
  let current = parent;
  for (let depth = 0; depth < MAX_DEPTH && current > 0; depth++) {
    if (current === ancestor) return true;
    const entry = readEntry(current);
    if (!entry) return isAlive(ancestor);
    current = entry.parent;
  }
  return false;
}

/** A process with its arguments, the program first. */
export interface CommandLine {
  readonly pid: number;
  readonly argv: readonly string[];
}

/** Reads the parent of a process; undefined if the system does not show it. */
export type CommandLineReader = (pid: number) => CommandLine | undefined;

/** The parent of a process and its arguments. Undefined on Windows, where reading them takes a second. */
export function parentCommandLine(pid: number): CommandLine | undefined {
  if (process.platform === 'win32') return undefined;
  const parent = readEntry(pid)?.parent;
  if (parent === undefined || parent <= 1) return undefined;
  try {
    const argv =
      process.platform === 'linux'
        ? readFileSync(`/proc/${parent}/cmdline`, 'utf8').split('\0').slice(0, -1)
        : outputOf('ps', ['-o', 'args=', '-p', String(parent)])
            .trim()
            .split(/\s+/);
    return { pid: parent, argv };
  } catch {
    return undefined;
  }
}

/** The process group of this process; undefined if there is none or the system does not show it. */
export function processGroup(): number | undefined {
  return readEntry(process.pid)?.group;
}

function readEntry(pid: number): ProcessEntry | undefined {
  try {
    const read = READERS[process.platform] ?? readWithPs;
    const [parent, group] = read(pid).map((field) => Number.parseInt(field, 10));
    if (parent === undefined || Number.isNaN(parent)) return undefined;
    return { parent, group: group === undefined || Number.isNaN(group) ? undefined : group };
  } catch {
    return undefined;
  }
}

/** Each returns the parent and, where the system has it, the process group. */
const READERS: Partial<Record<NodeJS.Platform, (pid: number) => string[]>> = {
  // The fields after the command: state, parent, group, … The command is in parentheses and may contain any
  // character.
  linux: (pid) =>
    readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
      .slice(1, 3),
  win32: (pid) => [
    outputOf('powershell', [
      '-NoProfile',
      '-Command',
      `(Get-CimInstance Win32_Process -Filter "ProcessId=${pid}").ParentProcessId`,
    ]),
  ],
};

function readWithPs(pid: number): string[] {
  return outputOf('ps', ['-o', 'ppid=,pgid=', '-p', String(pid)])
    .trim()
    .split(/\s+/);
}

function outputOf(command: string, parameters: readonly string[]): string {
  return execFileSync(command, parameters, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: QUERY_TIMEOUT_MS,
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
