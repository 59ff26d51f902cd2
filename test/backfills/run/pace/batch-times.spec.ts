import { jest } from '@jest/globals';
import { BatchTimes, median } from '../../../../libs/backfill/src/backfills/run/range/pace/batch-times.ts';
import { FailureCounter } from '../../../../libs/backfill/src/backfills/run/range/failure.counter.ts';

function timesOf(...ms: number[]): BatchTimes {
  const times = new BatchTimes();
  for (const each of ms) times.add(each);
  return times;
}

describe('the times of the last batches', () => {
  it('are enough from the fifth on, until they are cleared', () => {
    expect(timesOf(1, 2, 3, 4).isComplete).toBe(false);
    const times = timesOf(1, 2, 3, 4, 5);
    expect(times.isComplete).toBe(true);
    times.clear();
    expect(times.isComplete).toBe(false);
    expect(times.typical).toBe(0);
  });

  it.each([
    [[5], 5, 5],
    [[30, 4, 100], 30, 100],
    [[30, 4, 100, 31], 31, 100],
    [[9, 1, 2, 3, 4, 5, 6, 7, 8, 1000], 6, 9],
    [[9, 1, 2, 3, 4, 5, 6, 7, 8, 1000, 2000], 6, 1000],
    [[], 0, 0],
  ])('%j are typically %d, and at their slowest %d', (ms, typical, slowest) => {
    const times = timesOf(...ms);
    expect(times.typical).toBe(typical);
    expect(times.slowest).toBe(slowest);
    expect(median(ms)).toBe(typical);
  });
});

describe('the failures since the last batch that succeeded', () => {
  afterEach(() => jest.restoreAllMocks());

  it.each(['lock', 'conflict', 'connection'] as const)('of the kind %s are counted by kind', (kind) => {
    const failures = new FailureCounter();
    for (const other of ['lock', 'conflict', 'connection'] as const) failures.count(other);
    expect(failures.count(kind)).toBe(2);
    expect(failures.count(kind)).toBe(3);
    failures.reset();
    expect(failures.count(kind)).toBe(1);
  });

  it('count blocked rows, and the time since the first', () => {
    const now = jest.spyOn(performance, 'now');
    const at = (ms: number) => now.mockReturnValue(ms);
    const failures = new FailureCounter();
    at(1_000);
    expect(failures.countBlockedRow()).toEqual({ rows: 1, durationMs: 0 });
    at(1_500);
    expect(failures.countBlockedRow()).toEqual({ rows: 2, durationMs: 500 });
    failures.reset();
    at(2_000);
    expect(failures.countBlockedRow()).toEqual({ rows: 1, durationMs: 0 });
  });
});
