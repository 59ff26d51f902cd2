import { PACE_DEFAULTS } from '../../../libs/backfill/src/backfills/declare/pace.ts';
import { BatchLimit } from '../../../libs/backfill/src/backfills/run/range/pace/batch-limit.ts';
import { BatchPause } from '../../../libs/backfill/src/backfills/run/range/pace/batch-pause.ts';

const { batchSize, maxBatchSize, targetDuration } = PACE_DEFAULTS;

/** The sizes of consecutive batches if each takes `msPerRow` milliseconds per row. */
function sizes(limit: BatchLimit, msPerRow: number, batches: number): number[] {
  return Array.from({ length: batches }, () => {
    const { rows } = limit;
    limit.succeeded(rows * msPerRow);
    return rows;
  });
}

describe('the size of a batch', () => {
  it('grows by at most half while batches are fast, up to its maximum', () => {
    const seen = sizes(new BatchLimit(PACE_DEFAULTS), 0.001, 100);
    expect(seen[0]).toBe(batchSize);
    expect(seen.at(-1)).toBe(maxBatchSize);
    for (const [at, rows] of seen.slice(1).entries()) expect(rows / (seen[at] ?? 0)).toBeLessThanOrEqual(1.5);
  });

  it('settles where a batch takes its target duration', () => {
    const msPerRow = targetDuration / 600;
    const seen = sizes(new BatchLimit(PACE_DEFAULTS), msPerRow, 200).slice(-50);
    for (const rows of seen) expect(Math.abs(rows - 600)).toBeLessThanOrEqual(60);
  });

  it('does not fall below its start while batches take longer than the target, but not much longer', () => {
    const msPerRow = (2 * targetDuration) / batchSize;
    expect(new Set(sizes(new BatchLimit(PACE_DEFAULTS), msPerRow, 50))).toEqual(new Set([batchSize]));
  });

  it('depends on the slowest of the last few batches, not on their mean', () => {
    const limit = new BatchLimit(PACE_DEFAULTS);
    for (let batch = 0; batch < 100; batch++) limit.succeeded(batch % 5 === 0 ? targetDuration : 1);
    expect(limit.rows).toBe(batchSize);
  });

  it('falls at once when a batch takes five times its target, and the database counts as overloaded', () => {
    const limit = new BatchLimit(PACE_DEFAULTS);
    sizes(limit, 0.001, 100);
    expect(limit.succeeded(5 * targetDuration + 1)).toBe('overloaded');
    expect(limit.rows).toBe(batchSize);
    expect(limit.succeeded(5 * targetDuration + 1)).toBe('overloaded');
    expect(limit.rows).toBe(batchSize / 2);
  });

  it('settles below its start if 200 rows take too long, and grows again when rows become fast', () => {
    const limit = new BatchLimit(PACE_DEFAULTS);
    const seen = sizes(limit, 5, 200).slice(-50);
    expect(Math.max(...seen) * 5).toBeLessThanOrEqual(2 * targetDuration);
    const after = sizes(limit, 0.001, 300);
    expect(after.at(-1)).toBe(PACE_DEFAULTS.maxBatchSize);
    expect(
      after.every((rows, at) => rows <= Math.max((after[at - 1] ?? rows) * 1.5, (after[at - 1] ?? rows) + 1)),
    ).toBe(true);
  });

  it('stays fixed if maxBatchSize equals batchSize', () => {
    const limit = new BatchLimit({ batchSize: 500, maxBatchSize: 500, targetDuration });
    expect(new Set(sizes(limit, 0.001, 50))).toEqual(new Set([500]));
    limit.succeeded(100 * targetDuration);
    expect(limit.rows).toBe(500);
  });

  it('returns to its former value after a poisonous row is found', () => {
    const limit = new BatchLimit(PACE_DEFAULTS);
    sizes(limit, 0.001, 100);
    while (limit.halve());
    expect(limit.rows).toBe(1);
    expect(sizes(limit, 0.001, 15).at(-1)).toBe(maxBatchSize);
  });

  it('never grows beyond half of a batch that reached the statement timeout', () => {
    const limit = new BatchLimit(PACE_DEFAULTS);
    limit.lower();
    expect(Math.max(...sizes(limit, 0.001, 100))).toBe(batchSize / 2);
  });
});

describe('the pause between batches', () => {
  it('starts at 50 ms and becomes half of the duration of a batch', () => {
    const pause = new BatchPause({ pause: 'auto' });
    expect(pause.ms).toBe(50);
    for (let batch = 0; batch < 30; batch++) pause.after(10, 'healthy');
    expect(pause.ms).toBe(5);
  });

  it('returns to 50 ms, or to half of the duration, after a batch that took far too long', () => {
    const pause = new BatchPause({ pause: 'auto' });
    for (let batch = 0; batch < 30; batch++) pause.after(10, 'healthy');
    pause.after(90, 'overloaded');
    expect(pause.ms).toBe(50);
    pause.after(400, 'overloaded');
    expect(pause.ms).toBe(200);
  });

  it.each([0, 20])('stays at a fixed setting: %d ms', (fixed) => {
    const pause = new BatchPause({ pause: fixed });
    pause.after(400, 'overloaded');
    expect(pause.ms).toBe(fixed);
  });
});
