import { ThrottledRun } from '../../support/runs/throttled-run.ts';
import { LABELLED, mailQueueOf, parcelStage } from '../../support/tables/parcels.ts';
import { until } from '../../support/runs/until.ts';

const stage = parcelStage();

const LEASES = 'SELECT count(*) FROM nestjs_backfill.range WHERE lease_owner IS NOT NULL';

/** Starts a run that a throttle holds after two batches, when the run has leased a range. */
async function holdAfterTwoBatches(
  options: Parameters<typeof ThrottledRun.start>[2] = {},
): Promise<ThrottledRun> {
  const run = ThrottledRun.start(stage, 'slow', options);
  await run.recorder.until(({ progress }) => progress.length === 2);
  mailQueueOf(stage.application).answer = async () => 'not now';
  await run.waitsFor(/not now/);
  return run;
}

describe('a run that a throttle holds', () => {
  it('keeps its lease for as long as it is held', async () => {
    const run = await holdAfterTwoBatches();
    const expiries = new Set<string>();
    await until(async () => {
      expiries.add(await stage.value('SELECT max(lease_expires_at)::text FROM nestjs_backfill.range'));
      return expiries.size > 4;
    });
    const { leasedBy, pace } = await stage.status('slow');
    expect([leasedBy, pace]).toEqual([
      expect.any(String),
      expect.objectContaining({ limitedBy: 'throttle' }),
    ]);
    mailQueueOf(stage.application).answer = async () => null;
    expect(await run.ended).toMatchObject(LABELLED);
    expect(
      run.recorder.notes.filter((note) => !/^(Continuing after|Limited by|Sweeps in)/.test(note)),
    ).toEqual([]);
  });

  it('releases its range when a stop is requested, and reports the reason of the wait', async () => {
    const stop = new AbortController();
    const run = await holdAfterTwoBatches({ signal: stop.signal });
    stop.abort('SIGTERM');
    expect(await run.ended).toMatchObject({
      status: 'incomplete',
      reason: 'Stopped by SIGTERM.',
      waitingFor: expect.stringMatching(/^mail queue: not now, since /) as string,
    });
    expect(await stage.value(LEASES)).toBe('0');
    expect(await stage.status('slow')).toMatchObject({
      status: 'incomplete',
      waitingFor: expect.stringContaining('not now') as string,
    });
  });

  it('does not change the ledger if a stop is requested before its first batch', async () => {
    mailQueueOf(stage.application).answer = async () => 'not now';
    const stop = new AbortController();
    const run = ThrottledRun.start(stage, 'labels', { signal: stop.signal });
    await run.waitsFor(/not now/);
    stop.abort('SIGTERM');
    expect(await run.ended).toMatchObject({
      status: 'incomplete',
      reason: 'Stopped by SIGTERM.',
      waitingFor: expect.stringMatching(/^mail queue: not now, since /) as string,
      updated: 0,
    });
    expect(await stage.status('labels')).toMatchObject({ status: 'pending', waitingFor: null });
  });

  it.each([
    [
      'pauses',
      'pause',
      { status: 'paused', waitingFor: expect.stringContaining('a person to resume it') as string },
    ],
    ['cancels', 'cancel', { status: 'cancelled', waitingFor: null }],
  ] as const)('ends when a person %s it before its first batch', async (_, command, ending) => {
    mailQueueOf(stage.application).answer = async () => 'not now';
    const run = ThrottledRun.start(stage, 'labels');
    await run.waitsFor(/not now/);
    await stage.application.service[command]('labels', { why: 'lunch' });
    expect(await run.ended).toMatchObject({
      ...ending,
      reason: expect.stringContaining('lunch') as string,
      updated: 0,
    });
    expect(await stage.status('labels')).toMatchObject({ status: ending.status });
  });

  it('stops at its time limit', async () => {
    mailQueueOf(stage.application).answer = async () => 'not now';
    // Long enough for the first poll on a slow machine.
    const report = await stage.run('labels', { maxDurationMs: 5_000 });
    expect(report).toMatchObject({
      status: 'incomplete',
      reason: 'Stopped at its time limit of 5 s.',
      waitingFor: expect.stringMatching(/^mail queue: not now/) as string,
    });
  });
});
