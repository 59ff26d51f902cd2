import type { BatchOutcome } from '../../../libs/backfill/src/backfills/batch/batch.ts';
import { KeyWindow } from '../../../libs/backfill/src/backfills/run/range/sweep/key-window.ts';
import type { WindowBatch } from '../../../libs/backfill/src/backfills/run/range/sweep/sweep-window.ts';

function batchOf(limit: number, lockMode: WindowBatch['lockMode'] = 'optimistic'): WindowBatch {
  return { limit, lockMode, cursor: ['7'] } as unknown as WindowBatch;
}
const outcomeOf = (selected: number, changed = selected) => ({ selected, changed }) as BatchOutcome;

describe('a window of keys', () => {
  let window: KeyWindow;
  beforeEach(() => {
    window = new KeyWindow(100);
    window.opened({ mayHaveSkipped: false });
  });

  it.each([
    [1, 1_000],
    [1_000, 50_000],
    [1_000_000, 200_000],
  ])('for batches of %d rows has %d keys', (batchSize, size) => {
    expect(new KeyWindow(batchSize).size).toBe(size);
  });

  it('is exhausted by a batch with fewer rows than its limit', () => {
    window.batchFinished(outcomeOf(100), batchOf(100));
    expect(window.isExhausted).toBe(false);
    window.batchFinished(outcomeOf(99), batchOf(100));
    expect(window.isExhausted).toBe(true);
    window.opened({ mayHaveSkipped: false });
    expect(window.isExhausted).toBe(false);
    window.exhausted();
    expect(window.isExhausted).toBe(true);
    window.reset();
    expect(window.isExhausted).toBe(false);
  });

  it('may have skipped rows if a batch skips locked rows, or changed fewer than it selected', () => {
    window.batchFinished(outcomeOf(100), batchOf(100));
    expect(window.mayHaveSkipped).toBe(false);
    window.batchFinished(outcomeOf(100, 99), batchOf(100));
    window.batchFinished(outcomeOf(100), batchOf(100));
    expect(window.mayHaveSkipped).toBe(true);
    window.opened({ mayHaveSkipped: false });
    window.batchFinished(outcomeOf(100), batchOf(100, 'locking'));
    expect(window.mayHaveSkipped).toBe(true);
    window.opened({ mayHaveSkipped: false });
    window.rowsSkipped();
    expect(window.mayHaveSkipped).toBe(true);
    window.opened({ mayHaveSkipped: true });
    expect(window.mayHaveSkipped).toBe(true);
  });

  it('may have skipped rows if the range was read again', () => {
    window.reset();
    expect(window.mayHaveSkipped).toBe(true);
    expect(new KeyWindow(1).mayHaveSkipped).toBe(true);
  });

  it('has room for batches until they have as many rows as it has keys', () => {
    const size = window.size;
    expect(window.hasRoomBeyond([])).toBe(true);
    expect(window.hasRoomBeyond([batchOf(size - 1)])).toBe(true);
    expect(window.hasRoomBeyond([batchOf(size - 1), batchOf(1)])).toBe(false);
    window.batchFinished(outcomeOf(10), batchOf(10));
    expect(window.hasRoomBeyond([batchOf(size - 11)])).toBe(true);
    expect(window.hasRoomBeyond([batchOf(size - 10)])).toBe(false);
    window.opened({ mayHaveSkipped: false });
    expect(window.hasRoomBeyond([batchOf(size - 1)])).toBe(true);
    window.reset();
    expect(window.hasRoomBeyond([batchOf(10 * size)])).toBe(true);
  });

  it('doubles while no row is pending, up to 200,000 keys', () => {
    const size = window.size;
    window.grow(100);
    expect(window.size).toBe(2 * size);
    for (let times = 0; times < 20; times++) window.grow(100);
    expect(window.size).toBe(200_000);
  });

  it.each(['a batch that changes rows', 'a look ahead'])('keeps its size after %s', (found) => {
    const size = window.size;
    if (found === 'a look ahead') window.pendingFound();
    else window.batchFinished(outcomeOf(1), batchOf(1));
    window.grow(100);
    expect(window.size).toBe(size);
    window.grow(1_000);
    expect(window.size).toBe(50_000);
    window.opened({ mayHaveSkipped: false });
    window.grow(1);
    expect(window.size).toBe(100_000);
  });

  it('shrinks, never grows beyond that again, and cannot shrink below one key', () => {
    const size = window.size;
    window.exhausted();
    expect(window.shrink()).toBe(true);
    expect(window.isExhausted).toBe(false);
    const smaller = window.size;
    expect(smaller).toBeLessThan(size);
    window.grow(100);
    expect(window.size).toBe(smaller);
    while (window.size > 1) expect(window.shrink()).toBe(true);
    expect(window.shrink()).toBe(false);
    expect(window.size).toBe(1);
  });

  it('has no pages, and continues at the cursor of the batch before', () => {
    expect([window.region(), window.pagesAt(), window.stageAt()]).toEqual([null, null, 'regular']);
    expect(window.expectedCursor(batchOf(1))).toEqual(['7']);
  });
});
