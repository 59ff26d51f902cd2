import { EventEmitter } from 'node:events';
import { jest } from '@jest/globals';
import type { INestApplicationContext } from '@nestjs/common';
import {
  closeApplication,
  END_GRACE_MS,
  exitWhenOverdue,
  ignoreClosedPipes,
} from '../../libs/backfill/src/one-shot/process/process-end.ts';

const NEVER = new Promise<never>(() => undefined);

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

describe('the application at the end of a run', () => {
  const warnings: string[] = [];
  beforeEach(() => void (warnings.length = 0));
  const close = (closing: () => Promise<void>, forceStop: Promise<unknown> = NEVER) =>
    closeApplication({ close: closing } as INestApplicationContext, {
      forceStop,
      warn: (message) => void warnings.push(message),
    });

  it('is closed without a warning, and leaves no timer', async () => {
    await close(async () => undefined);
    expect([warnings, jest.getTimerCount()]).toEqual([[], 0]);
  });

  it('gets a warning when its hooks do not return in time', async () => {
    let isOver = false;
    const closing = close(() => NEVER).then(() => (isOver = true));
    await jest.advanceTimersByTimeAsync(END_GRACE_MS - 1);
    expect([isOver, warnings]).toEqual([false, []]);
    await jest.advanceTimersByTimeAsync(1);
    await closing;
    expect(warnings).toEqual(['The application did not close within 5 s.']);
  });

  it('gets a warning with the error of its hook', async () => {
    await close(() => Promise.reject(new Error('a hook threw')));
    expect(warnings).toEqual(['The application could not be closed: a hook threw']);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('is waited for no longer after a second signal', async () => {
    await close(() => NEVER, Promise.resolve('SIGTERM, received again'));
    expect([warnings, jest.getTimerCount()]).toEqual([[], 0]);
  });
});

it('a process that the application keeps alive is ended with the exit code of the run, and says why', () => {
  const exit = jest.spyOn(process, 'exit').mockImplementation(() => undefined as never);
  const written: string[] = [];
  const write = (text: string, done: () => void) => {
    written.push(text);
    done();
  };
  exitWhenOverdue(3, { write } as unknown as NodeJS.WriteStream);
  jest.advanceTimersByTime(END_GRACE_MS - 1);
  expect(written).toEqual([]);
  jest.advanceTimersByTime(1);
  expect(written.join()).toMatch(/^The run has ended, but the application keeps the process alive \(.+\)\. /);
  expect(exit.mock.calls).toEqual([[3]]);
  exit.mockRestore();
});

describe('a stream', () => {
  const stream = new EventEmitter();
  ignoreClosedPipes([stream as NodeJS.WriteStream]);

  it('whose reader has gone does not end the run', () => {
    expect(() =>
      stream.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })),
    ).not.toThrow();
  });

  it('with another error does', () => {
    expect(() => stream.emit('error', Object.assign(new Error('full'), { code: 'ENOSPC' }))).toThrow('full');
  });
});
