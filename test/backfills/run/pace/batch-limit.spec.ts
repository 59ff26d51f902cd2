import { PACE_DEFAULTS } from '../../../../libs/backfill/src/backfills/declare/pace.ts';
import { BatchLimit } from '../../../../libs/backfill/src/backfills/run/range/pace/batch-limit.ts';

const { batchSize, maxBatchSize, targetDuration } = PACE_DEFAULTS;

type TimeOf = (rows: number) => number;

/** The sizes of consecutive full batches whose row locks are held for `timeOf(rows)` milliseconds. */
function sizes(limit: BatchLimit, timeOf: TimeOf, batches: number): number[] {
  return Array.from({ length: batches }, () => {
    const { rows } = limit;
    limit.succeeded({ rows, limit: rows, lockedMs: timeOf(rows) });
    return rows;
  });
}

const perRow =
  (ms: number): TimeOf =>
  (rows) =>
    rows * ms;
const FAST = perRow(0.001);

/** A limit that has grown to its maximum. */
function grown(): BatchLimit {
  const limit = new BatchLimit(PACE_DEFAULTS);
  expect(sizes(limit, FAST, 100).at(-1)).toBe(maxBatchSize);
  return limit;
}

describe('the size of a batch', () => {
  it('grows by at most half while batches are fast, up to its maximum', () => {
    const seen = sizes(new BatchLimit(PACE_DEFAULTS), FAST, 100);
    expect(seen[0]).toBe(batchSize);
    expect(seen.at(-1)).toBe(maxBatchSize);
    for (const [at, rows] of seen.slice(1).entries()) expect(rows / (seen[at] ?? 0)).toBeLessThanOrEqual(1.5);
  });

  it('settles where a batch takes its target duration', () => {
    const seen = sizes(new BatchLimit(PACE_DEFAULTS), perRow(targetDuration / 600), 200).slice(-50);
    for (const rows of seen) expect(Math.abs(rows - 600)).toBeLessThanOrEqual(60);
  });

  it('does not fall below its start while batches take longer than the target, but not much longer', () => {
    const timeOf = perRow((2 * targetDuration) / batchSize);
    expect(new Set(sizes(new BatchLimit(PACE_DEFAULTS), timeOf, 50))).toEqual(new Set([batchSize]));
  });

  it('depends on the slowest of the last few batches, not on their mean', () => {
    const limit = new BatchLimit(PACE_DEFAULTS);
    for (let batch = 0; batch < 100; batch++) sizes(limit, () => (batch % 5 === 0 ? targetDuration : 1), 1);
    expect(limit.rows).toBe(batchSize);
  });

  it('falls at once when a batch takes five times its target', () => {
    const limit = grown();
    sizes(limit, () => 5 * targetDuration + 1, 1);
    expect(limit.rows).toBe(batchSize);
    sizes(limit, () => 5 * targetDuration + 1, 1);
    expect(limit.rows).toBe(batchSize / 2);
  });

  it('settles at 20 rows if rows are very slow, and grows again when they become fast', () => {
    const limit = new BatchLimit(PACE_DEFAULTS);
    expect(new Set(sizes(limit, perRow(50), 200).slice(-50))).toEqual(new Set([20]));
    expect(sizes(limit, FAST, 300).at(-1)).toBe(maxBatchSize);
  });

  it('does not fall below its start if that is less than 20 rows', () => {
    const limit = new BatchLimit({ ...PACE_DEFAULTS, batchSize: 8 });
    expect(Math.min(...sizes(limit, perRow(50), 200))).toBe(8);
  });

  it('has a quarter more for rows that were only estimated, but not above its maximum', () => {
    const limit = new BatchLimit(PACE_DEFAULTS);
    expect(limit.mostRows).toBe(250);
    expect(grown().mostRows).toBe(maxBatchSize);
    limit.halve();
    expect(limit.mostRows).toBe(100);
    expect(new BatchLimit({ ...PACE_DEFAULTS, maxBatchSize: batchSize }).mostRows).toBe(batchSize);
  });

  it('stays fixed if maxBatchSize equals batchSize', () => {
    const limit = new BatchLimit({ ...PACE_DEFAULTS, batchSize: 500, maxBatchSize: 500 });
    expect(new Set(sizes(limit, FAST, 50))).toEqual(new Set([500]));
    sizes(limit, () => 100 * targetDuration, 1);
    expect(limit.rows).toBe(500);
  });

  it('is halved if a batch of the fixed size takes too long without its rows locked first, and returns to it', () => {
    const limit = new BatchLimit({ ...PACE_DEFAULTS, batchSize: 4_000, maxBatchSize: 4_000 });
    expect([limit.wasTooSlow(40), limit.wasTooSlow(40)]).toEqual([true, true]);
    expect(limit.rows).toBe(1_000);
    expect(sizes(limit, FAST, 45).at(-1)).toBe(4_000);
  });

  it('stays fixed if an eighth of the size would take too long, too', () => {
    const limit = new BatchLimit({ ...PACE_DEFAULTS, batchSize: 4_000, maxBatchSize: 4_000 });
    while (limit.wasTooSlow(40));
    expect(limit.rows).toBe(4_000);
  });

  it('stays at the size that a timeout has lowered if smaller batches are too slow, too', () => {
    const limit = new BatchLimit({ ...PACE_DEFAULTS, batchSize: 200, maxBatchSize: 200 });
    for (let timeout = 0; timeout < 4; timeout++) limit.lower();
    const lowered = limit.rows;
    while (limit.wasTooSlow(40));
    expect(limit.rows).toBe(lowered);
    expect(new Set(sizes(limit, FAST, 20))).toEqual(new Set([lowered]));
  });

  it('counts a batch with half of its rows by the time that a full one would take', () => {
    const limit = new BatchLimit(PACE_DEFAULTS);
    const halfFull = (count: number) => {
      for (let batch = 0; batch < count; batch++) {
        const { rows } = limit;
        const selected = Math.ceil(rows / 2);
        limit.succeeded({ rows: selected, limit: rows, lockedMs: (selected * targetDuration) / 600 });
      }
    };
    halfFull(200);
    expect(Math.abs(limit.rows - 600)).toBeLessThanOrEqual(60);
  });

  it('ignores batches with fewer rows, and batches that were sent before the size changed', () => {
    const limit = new BatchLimit(PACE_DEFAULTS);
    for (let batch = 0; batch < 50; batch++) {
      limit.succeeded({ rows: batchSize / 2 - 1, limit: batchSize, lockedMs: 1 });
      limit.succeeded({ rows: 1_000, limit: 1_000, lockedMs: 1_000 * targetDuration });
      limit.succeeded(null);
    }
    expect(limit.rows).toBe(batchSize);
  });
});

describe('a reduction of the batch size', () => {
  it('is undone after five batches if a single batch was slow', () => {
    const limit = grown();
    sizes(limit, () => 50 * targetDuration, 1);
    expect(sizes(limit, FAST, 6)).toEqual([...Array<number>(5).fill(batchSize), maxBatchSize]);
  });

  it('is undone if the time does not fall with the rows, e.g. while the disk stalls', () => {
    const limit = grown();
    const stalled = sizes(limit, () => 6 * targetDuration, 500);
    expect(stalled.filter((rows) => rows === maxBatchSize).length).toBeGreaterThan(0.9 * stalled.length);
    expect(sizes(limit, FAST, 50).at(-1)).toBe(maxBatchSize);
  });

  it('is not tried again while batches take as long, give or take some noise', () => {
    const limit = grown();
    const noise = [1, 0.97, 1.04, 1.02, 0.95, 1.01, 0.99];
    let batch = 0;
    const noisy = () => 30 * targetDuration * (noise[batch++ % noise.length] ?? 1);
    const seen = sizes(limit, noisy, 1_000);
    expect(seen.filter((rows) => rows === maxBatchSize).length).toBeGreaterThan(0.9 * seen.length);
  });

  it('is tried again, so that a later slowness of the rows themselves is found', () => {
    const limit = grown();
    sizes(limit, () => 6 * targetDuration, 200);
    const seen = sizes(limit, perRow(1), 400).slice(-50);
    expect(Math.max(...seen)).toBeLessThanOrEqual(batchSize);
  });

  it('happens at once if batches become much slower than those that a reduction did not make faster', () => {
    const limit = grown();
    sizes(limit, () => 6 * targetDuration, 50);
    expect(limit.rows).toBe(maxBatchSize);
    sizes(limit, () => 60 * targetDuration, 1);
    expect(limit.rows).toBe(batchSize);
  });

  it('does not follow if the fixed part of a batch alone exceeds the target', () => {
    // 100 ms that no size avoids, and 0.05 ms for each row: 2,000 rows take 200 ms, 20 rows take 101 ms.
    const limit = new BatchLimit(PACE_DEFAULTS);
    const seen = sizes(limit, (rows) => 100 + 0.05 * rows, 1_000).slice(100);
    expect(seen.filter((rows) => rows >= 1_900).length).toBeGreaterThan(0.9 * seen.length);
  });

  it('follows if the rows take longer than the fixed part', () => {
    // 100 ms that no size avoids, and 5 ms for each row: 20 rows take twice the fixed part.
    const limit = new BatchLimit(PACE_DEFAULTS);
    const seen = sizes(limit, (rows) => 100 + 5 * rows, 300).slice(-100);
    expect(Math.max(...seen)).toBeLessThanOrEqual(60);
  });
});

describe('the size after a batch that failed', () => {
  it('returns to its former value after a poisonous row is found', () => {
    const limit = grown();
    while (limit.halve());
    expect(limit.rows).toBe(1);
    expect(sizes(limit, FAST, 15).at(-1)).toBe(maxBatchSize);
  });

  it('stays at half of a batch that reached its timeout until 20 batches were fast', () => {
    const limit = grown();
    limit.lower();
    expect(new Set(sizes(limit, FAST, 20))).toEqual(new Set([maxBatchSize / 2]));
    expect(sizes(limit, FAST, 20).at(-1)).toBe(maxBatchSize);
  });

  it('stays there if a batch of this size is slow already', () => {
    const limit = new BatchLimit({
      ...PACE_DEFAULTS,
      batchSize: 64,
      maxBatchSize: 64,
      statementTimeout: 1_000,
    });
    limit.lower();
    expect(new Set(sizes(limit, perRow(20), 200))).toEqual(new Set([32]));
  });

  it('needs twice as many fast batches after each further timeout', () => {
    const limit = grown();
    for (const batches of [20, 40, 80, 160]) {
      limit.lower();
      expect(limit.rows).toBe(maxBatchSize / 2);
      expect(Math.max(...sizes(limit, FAST, batches))).toBe(maxBatchSize / 2);
      expect(sizes(limit, FAST, 10).at(-1)).toBe(maxBatchSize);
    }
  });

  it('falls below 20 rows if batches reach their timeout, and recovers from one row', () => {
    const limit = new BatchLimit(PACE_DEFAULTS);
    while (limit.lower());
    expect(limit.rows).toBe(1);
    expect(sizes(limit, FAST, 400).at(-1)).toBe(maxBatchSize);
  });

  it('follows a person who sets it', () => {
    const limit = grown();
    limit.lower();
    limit.follow(1_500);
    expect(limit.rows).toBe(1_500);
    limit.follow(null);
    expect(limit.rows).toBe(batchSize);
  });
});
