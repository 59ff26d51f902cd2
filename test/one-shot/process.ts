import type { EventEmitter } from 'node:events';
import { jest } from '@jest/globals';
import type { Type } from '@nestjs/common';
import { END_GRACE_MS } from '../../libs/backfill/src/one-shot/process/process-end.ts';
import { runOneShot, type RunOneShotOptions } from '../../libs/backfill/src/one-shot/run-one-shot.ts';

/** What `runOneShot` did to the process. */
export interface ProcessResult {
  readonly code: number;
  /** `process.exitCode` afterwards. */
  readonly exitCode: typeof process.exitCode;
  readonly stdout: string;
  readonly stderr: string;
  /** The codes with which the process was ended at once. */
  readonly exits: readonly unknown[];
}

/** Runs a command line as `main.ts` does. What it writes is recorded, and it cannot end this process. */
export async function runInProcess(
  line: string,
  module: Type,
  options: RunOneShotOptions = {},
): Promise<ProcessResult> {
  const before = { argv: process.argv, exitCode: process.exitCode };
  const exits: unknown[] = [];
  const exit = jest.spyOn(process, 'exit').mockImplementation((code) => void exits.push(code) as never);
  const [stdout, stderr] = [recordWrites(process.stdout), recordWrites(process.stderr)];
  const listeners = listenersOfProcess();
  const timeouts = jest.spyOn(globalThis, 'setTimeout');
  process.argv = ['node', 'main.js', ...line.split(' ')];
  process.exitCode = undefined;
  try {
    const code = await runOneShot(module, options);
    return { code, exitCode: process.exitCode, stdout: stdout.text(), stderr: stderr.text(), exits };
  } finally {
    Object.assign(process, before);
    exit.mockRestore();
    // A run that has ended ends its process if that is still there some time later.
    timeouts.mock.calls.forEach(([, ms], call) => {
      const result = timeouts.mock.results[call];
      if (ms === END_GRACE_MS && result?.type === 'return') clearTimeout(result.value);
    });
    timeouts.mockRestore();
    stdout.restore();
    stderr.restore();
    // A run listens for the rest of its process.
    for (const [emitter, event, known] of listeners) {
      for (const listener of emitter.listeners(event))
        if (!known.includes(listener)) emitter.off(event, listener as () => void);
    }
  }
}

function listenersOfProcess(): (readonly [EventEmitter, string, readonly unknown[]])[] {
  const emitters: readonly (readonly [EventEmitter, string])[] = [
    [process, 'uncaughtException'],
    [process.stdout, 'error'],
    [process.stderr, 'error'],
  ];
  return emitters.map(([emitter, event]) => [emitter, event, emitter.listeners(event)]);
}

function recordWrites(stream: NodeJS.WriteStream): {
  readonly text: () => string;
  readonly restore: () => void;
} {
  const write = stream.write.bind(stream);
  let text = '';
  stream.write = (chunk: string | Uint8Array, ...rest: unknown[]): boolean => {
    text += String(chunk);
    const callback = rest.at(-1);
    if (typeof callback === 'function') (callback as () => void)();
    return true;
  };
  return { text: () => text, restore: () => void (stream.write = write) };
}
