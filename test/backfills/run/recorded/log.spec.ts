import type { BatchOutcome } from '../../../../libs/backfill/src/backfills/batch/batch.ts';
import { RunLog } from '../../../../libs/backfill/src/backfills/run/log/run-log.ts';
import type { BackfillObserver } from '../../../../libs/backfill/src/report/observer.ts';

/** A log whose clock stands still until it is moved, and what an observer receives. */
function logOf(progressEvery = 3) {
  const events: (readonly [string, Record<string, unknown>])[] = [];
  const observer = new Proxy({} as Required<BackfillObserver>, {
    get: (_target, name) => (event: Record<string, unknown>) => void events.push([String(name), event]),
  });
  const clock = { now: 0 };
  const log = new RunLog({ name: 'a', progressEvery, observer, now: () => clock.now });
  const batch = (changed: number) =>
    log.batch({ changed, tenant: '5', time: { serverMs: 7 } } as BatchOutcome, { id: '1', cursor: ['9'] });
  const last = () => events.at(-1)?.[1];
  const lines = () => events.flatMap(([name, event]) => (name === 'noted' ? [String(event['message'])] : []));
  return { log, batch, events, last, lines, clock };
}

describe('the progress of a run', () => {
  it('has the rows that are done, the rate and the time that remains', () => {
    const { log, batch, last, clock } = logOf();
    log.started(1, 'First run.', { rows: 400, isEstimate: false });
    expect(last()).toMatchObject({ reason: 'First run.', total: 400, totalIsEstimate: false, version: 1 });
    expect(log.rowsPerSecond).toBe(0);
    clock.now = 2_000;
    batch(100);
    expect(last()).toEqual({
      name: 'a',
      updated: 100,
      batches: 1,
      rowsPerSecond: 50,
      total: 400,
      totalIsEstimate: false,
      fraction: 0.25,
      remainingMs: 6_000,
      tenant: '5',
      cursor: ['9'],
      range: '1',
      batchMs: 7,
      line: false,
    });
    batch(400);
    expect(last()).toMatchObject({ updated: 500, batches: 2, fraction: 1, remainingMs: 0 });
    expect(log).toMatchObject({ updated: 500, batches: 2, nextBatch: 3, durationMs: 2_000 });
  });

  it('does not reach the end of an estimate, and is not known without a total', () => {
    const estimated = logOf();
    estimated.log.started(1, '', { rows: 10, isEstimate: true });
    estimated.batch(20);
    expect(estimated.last()).toMatchObject({ fraction: 0.99, totalIsEstimate: true, remainingMs: null });
    const unknown = logOf();
    unknown.log.started(1, '', null);
    expect(unknown.last()).toMatchObject({ total: null, totalIsEstimate: false });
    unknown.clock.now = 1_000;
    unknown.batch(20);
    expect(unknown.last()).toMatchObject({ fraction: null, remainingMs: null, total: null });
    const empty = logOf();
    empty.log.started(1, '', { rows: 0, isEstimate: false });
    empty.batch(0);
    expect(empty.last()).toMatchObject({ fraction: null });
  });

  it('has a line for every few batches, and for the first batch after 30 s without a line', () => {
    const { batch, last, clock } = logOf();
    const line = () => (batch(1), last()?.['line']);
    expect([line(), line(), line(), line()]).toEqual([false, false, true, false]);
    clock.now = 29_999;
    expect(line()).toBe(false);
    clock.now = 30_000;
    expect([line(), line()]).toEqual([true, false]);
  });

  it('says where a sweep is that finds no row for 30 s', () => {
    const { log, lines, clock } = logOf();
    log.searching('7');
    clock.now = 30_000;
    log.searching('8');
    log.searching('9');
    clock.now = 60_000;
    log.searching('10');
    expect(lines()).toEqual([
      'Searching for the next pending row, at 8.',
      'Searching for the next pending row, at 10.',
    ]);
  });

  it('reports a wait once, whatever its durations, and again after a batch', () => {
    const { log, batch, events } = logOf();
    const waits = () => events.filter(([name]) => name === 'waiting').map(([, event]) => event);
    log.waiting('a lock for 5 s');
    log.waiting('a lock for 12 s');
    expect(waits()).toEqual([{ name: 'a', batch: 1, waitingFor: 'a lock for 5 s' }]);
    log.waiting('a replica', []);
    expect(waits().at(-1)).toEqual({ name: 'a', batch: 1, waitingFor: 'a replica', throttles: [] });
    log.waiting('a replica');
    expect(waits()).toHaveLength(2);
    batch(1);
    log.waiting('a replica');
    expect(waits()).toHaveLength(3);
  });

  it('counts the rows of a batch whose reply was lost as one batch', () => {
    const { log } = logOf();
    log.rowsFound(0);
    expect(log).toMatchObject({ updated: 0, batches: 0 });
    log.rowsFound(7);
    expect(log).toMatchObject({ updated: 7, batches: 1 });
  });

  it('adds up the time of its proofs', () => {
    const { log } = logOf();
    expect(log.proofMs).toBeNull();
    log.probed(1.4);
    log.probed(2.4);
    expect(log.proofMs).toBe(4);
  });

  it('names the first ten rows in quarantine, and then counts them at round numbers', () => {
    const { log, lines, events } = logOf();
    for (let row = 1; row <= 120; row++) log.quarantined(String(row), new Error(`no ${row}`));
    expect(events.filter(([name]) => name === 'quarantined')).toHaveLength(120);
    expect(events[0]).toEqual(['quarantined', { name: 'a', batch: 1, key: '1', error: 'no 1' }]);
    expect(lines()).toEqual([
      ...Array.from({ length: 10 }, (_, at) => `Row ${at + 1} is in quarantine: no ${at + 1}`),
      'Further rows in quarantine are only counted here; `--status` shows their errors.',
      ...[20, 50, 100].map(
        (count) => `This run has put ${count} rows in quarantine so far. The last error: no ${count}`,
      ),
    ]);
  });

  it('reports when a worker takes and leaves a range', () => {
    const { log, last } = logOf();
    log.rangeTaken({ id: '1', purpose: 'sweep' });
    expect(last()).toEqual({ name: 'a', range: '1', purpose: 'sweep', state: 'taken', outcome: null });
    log.rangeLeft({ id: '1', purpose: 'retry' }, 'done');
    expect(last()).toEqual({ name: 'a', range: '1', purpose: 'retry', state: 'left', outcome: 'done' });
  });
});
