import { StopSignals, type StopSignalsOptions } from '../../libs/backfill/src/one-shot/stop-signals.ts';

const NEVER = 600_000;

function listen(options: Partial<StopSignalsOptions> = {}): StopSignals {
  const signals = new StopSignals({ commandLine: undefined, graceMs: NEVER, sameSignalMs: -1, ...options });
  released.push(signals);
  return signals;
}

const released: StopSignals[] = [];
afterEach(() => released.splice(0).forEach((signals) => signals.release()));

describe('a signal', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('asks the run to stop, and tells that it was %s', (name) => {
    const { signal } = listen();
    expect(signal.aborted).toBe(false);
    process.emit(name);
    expect(signal).toMatchObject({ aborted: true, reason: name });
  });

  it('ends the run when it comes a second time', async () => {
    const signals = listen();
    process.emit('SIGTERM');
    process.emit('SIGINT');
    await expect(signals.impatient).resolves.toBe('SIGINT, for the second time');
    expect(signals.signal.reason).toBe('SIGTERM');
  });

  it('that comes twice at once, as Ctrl+C under `nest start` does, is one', async () => {
    const signals = listen({ sameSignalMs: NEVER });
    process.emit('SIGINT');
    process.emit('SIGINT');
    await expect(Promise.race([signals.impatient, Promise.resolve('goes on')])).resolves.toBe('goes on');
  });

  it('ends a run that does not stop in time', async () => {
    const signals = listen({ graceMs: 1 });
    process.emit('SIGTERM');
    await expect(signals.impatient).resolves.toBe('SIGTERM; the batch in hand did not end within 1 ms');
  });

  it('is nobody’s any more after the run', () => {
    const before = process.listenerCount('SIGTERM');
    const signals = listen();
    expect(process.listenerCount('SIGTERM')).toBe(before + 1);
    signals.release();
    expect(process.listenerCount('SIGTERM')).toBe(before);
  });
});

describe('the end of the command line', () => {
  it('is a wish to stop', () => {
    expect(listen({ commandLine: 'ended' }).signal.reason).toBe(
      'The command line that started the run ended',
    );
    expect(listen({ commandLine: 'alive' }).signal.aborted).toBe(false);
  });
});
