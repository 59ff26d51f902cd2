import { jest } from '@jest/globals';
import {
  StopSignals,
  type StopSignalsOptions,
} from '../../libs/backfill/src/one-shot/process/stop-signals.ts';

const NEVER_MS = 600_000;

const listening: StopSignals[] = [];
afterEach(() => listening.splice(0).forEach((signals) => signals.release()));

/** By default, each signal counts as a new one, and the grace period does not end. */
function listen(options: Partial<StopSignalsOptions> = {}): StopSignals {
  const signals = new StopSignals({
    commandLine: undefined,
    graceMs: NEVER_MS,
    sameSignalMs: -1,
    ...options,
  });
  listening.push(signals);
  return signals;
}

describe('a signal', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('%s requests a stop, with its name as the reason', (name) => {
    const { signal } = listen();
    expect(signal.aborted).toBe(false);
    process.emit(name);
    expect(signal).toMatchObject({ aborted: true, reason: name });
  });

  it('forces the stop when it is the second signal', async () => {
    const signals = listen();
    process.emit('SIGTERM');
    process.emit('SIGINT');
    await expect(signals.forceStop).resolves.toBe('SIGINT, received again');
    expect(signals.signal.reason).toBe('SIGTERM');
  });

  it('counts once when it arrives twice at the same time, as Ctrl+C does under `nest start`', async () => {
    const signals = listen({ sameSignalMs: NEVER_MS });
    process.emit('SIGINT');
    process.emit('SIGINT');
    await expect(Promise.race([signals.forceStop, Promise.resolve('not forced')])).resolves.toBe(
      'not forced',
    );
  });

  it('forces the stop of a run that does not end within the grace period', async () => {
    const signals = listen({ graceMs: 1 });
    process.emit('SIGTERM');
    await expect(signals.forceStop).resolves.toBe('SIGTERM; the current batch did not end within 1 ms');
  });

  it('leaves the run the whole grace period', async () => {
    jest.useFakeTimers();
    let forced: string | undefined;
    const signals = listen({ graceMs: 4_500 });
    void signals.forceStop.then((reason) => (forced = reason));
    process.emit('SIGTERM');
    await jest.advanceTimersByTimeAsync(4_499);
    expect(forced).toBeUndefined();
    await jest.advanceTimersByTimeAsync(1);
    expect(forced).toBe('SIGTERM; the current batch did not end within 4.5 s');
    jest.useRealTimers();
  });

  it('has Node.js’s default effect again after the run', () => {
    const before = process.listenerCount('SIGTERM');
    const signals = listen();
    expect(process.listenerCount('SIGTERM')).toBe(before + 1);
    signals.release();
    expect(process.listenerCount('SIGTERM')).toBe(before);
  });
});

it('a run that has ended leaves no timer, whether it was stopped or not', () => {
  jest.useFakeTimers();
  const stopped = listen({ graceMs: 4_500, commandLine: 'alive' });
  process.emit('SIGTERM');
  expect(jest.getTimerCount()).toBe(2);
  stopped.release();
  listen({ commandLine: 'alive' }).release();
  expect(jest.getTimerCount()).toBe(0);
  jest.useRealTimers();
});

describe('the end of the command line', () => {
  it.each([
    ['alive', 'The command line that started the run ended'],
    [undefined, undefined],
  ] as const)('that is %s at the start requests a stop with the reason %s', async (commandLine, reason) => {
    jest.useFakeTimers();
    const own = Object.getOwnPropertyDescriptor(process, 'ppid') ?? {};
    const becomeChildOf = (ppid: number) =>
      Object.defineProperty(process, 'ppid', { value: ppid, configurable: true, writable: true });
    becomeChildOf(100);
    const { signal } = listen({ commandLine });
    await jest.advanceTimersByTimeAsync(2_000);
    expect(signal.aborted).toBe(false);
    becomeChildOf(1);
    await jest.advanceTimersByTimeAsync(499);
    expect(signal.aborted).toBe(false);
    await jest.advanceTimersByTimeAsync(1);
    expect(signal.reason).toBe(reason);
    Object.defineProperty(process, 'ppid', { configurable: true, ...own });
    jest.useRealTimers();
  });

  it('requests a stop', () => {
    expect(listen({ commandLine: 'ended' }).signal.reason).toBe(
      'The command line that started the run ended',
    );
    expect(listen({ commandLine: 'alive' }).signal.aborted).toBe(false);
  });
});
