import type { LeaseSnapshot } from '../../../../libs/backfill/src/ledger/range.ts';
import { WorkerSlots } from '../../../../libs/backfill/src/backfills/run/workers/worker-slots.ts';

/** @param leases the number of ranges that some process works on */
function snapshotOf(free: readonly string[], leases = 0): LeaseSnapshot {
  return { free, leases: Array.from({ length: leases }, (_, at) => `${at}/1`) };
}

const TARGET = { workers: 3, maxWorkers: 5 };
const NOTHING_FREE = snapshotOf([]);

describe('a worker starts in a slot', () => {
  let slots: WorkerSlots;
  beforeEach(() => void (slots = new WorkerSlots()));
  const free = (target = TARGET, snapshot = NOTHING_FREE, except: readonly string[] = []) =>
    slots.free(target, snapshot, except);

  it('of which there are as many as the target has workers', () => {
    expect(free()).toEqual([0, 1, 2]);
    expect(free({ workers: 1, maxWorkers: 5 })).toEqual([0]);
    expect(free({ workers: 0, maxWorkers: 5 })).toEqual([]);
  });

  it('that no other worker has', () => {
    slots.take(1);
    expect(free()).toEqual([0, 2]);
  });

  it('not again while its last worker found no range, or failed', () => {
    free();
    for (const slot of [0, 1, 2]) slots.take(slot);
    slots.leave(0, 'idle');
    slots.leave(2, 'failed');
    expect(free()).toEqual([]);
  });

  it.each([
    { workers: 4, maxWorkers: 5 },
    { workers: 3, maxWorkers: 6 },
  ])('again when the target changes: %j', (target) => {
    free();
    for (const slot of [0, 1, 2]) slots.take(slot);
    slots.leave(0, 'idle');
    slots.leave(2, 'failed');
    expect(free(target)).toEqual(target.workers === 4 ? [0, 2, 3] : [0, 2]);
  });

  describe('again when a range is free', () => {
    beforeEach(() => {
      free();
      for (const slot of [0, 1, 2]) slots.take(slot);
      for (const slot of [2, 1, 0]) slots.leave(slot, 'idle');
    });

    it('as many of the lowest slots as ranges', () => {
      expect(free(TARGET, snapshotOf(['1', '2']))).toEqual([0, 1]);
    });

    it('unless the range does not count as free', () => {
      expect(free(TARGET, snapshotOf(['1', '2']), ['2'])).toEqual([0]);
    });

    it('up to the maximum of all processes', () => {
      expect(free(TARGET, snapshotOf(['1', '2', '3'], 4))).toEqual([0]);
      expect(free(TARGET, snapshotOf(['1', '2', '3'], 9))).toEqual([0]);
    });

    it('once for each snapshot', () => {
      const snapshot = snapshotOf(['1']);
      expect(free(TARGET, snapshot)).toEqual([0]);
      slots.take(0);
      slots.leave(0, 'idle');
      expect(free(TARGET, snapshot)).toEqual([]);
      expect(free(TARGET, snapshotOf(['1']))).toEqual([0]);
    });

    it('but not if the last worker of the slot failed', () => {
      free({ workers: 3, maxWorkers: 6 });
      for (const slot of [0, 1, 2]) slots.take(slot);
      for (const slot of [0, 1, 2]) slots.leave(slot, 'failed');
      expect(free({ workers: 3, maxWorkers: 6 }, snapshotOf(['1']))).toEqual([]);
    });
  });
});
