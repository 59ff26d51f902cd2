import { PACE_DEFAULTS } from '../../../../libs/backfill/src/backfills/declare/pace.ts';
import { BatchPause } from '../../../../libs/backfill/src/backfills/run/range/pace/batch-pause.ts';

const { targetDuration } = PACE_DEFAULTS;

/** The pause of a run after many batches, just after it has paused. */
function after(pause: 'auto' | number, serverMs: number, idleMs = 0): BatchPause {
  const result = new BatchPause({ pause, targetDuration });
  for (let batch = 0; batch < 60; batch++) {
    const { ms } = result;
    if (ms > 0) result.rested(ms);
    if (ms > 0 && batch > 40) break;
    result.after({ serverMs, idleMs });
  }
  return result;
}

/** The pauses after each of the next batches. */
function pausesOf(pause: BatchPause, batches: number, serverMs: number, idleMs = 0): number[] {
  return Array.from({ length: batches }, () => {
    pause.after({ serverMs, idleMs });
    const { ms } = pause;
    if (ms > 0) pause.rested(ms);
    return ms;
  });
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0);

describe('the automatic pause', () => {
  it('is 40 ms after the first batch, and falls with each fast one', () => {
    const pause = new BatchPause({ pause: 'auto', targetDuration });
    expect(pause.ms).toBe(0);
    expect(pausesOf(pause, 3, 10)).toEqual([40, 32, 25.6]);
  });

  it('is the same after a person has set it during a run', () => {
    const pause = after(0, 10);
    pause.follow('auto');
    expect(pausesOf(pause, 2, 10)).toEqual([40, 32]);
  });

  it("becomes a quarter of the server's time, in pauses of at least 10 ms", () => {
    const pauses = pausesOf(after('auto', 10), 80, 10);
    expect(pauses.filter((ms) => ms > 0)).toEqual(Array.from({ length: 20 }, () => 10));
    expect(sum(pauses)).toBe(0.25 * 80 * 10);
  });

  it('comes after each batch if the batches are slow', () => {
    expect(pausesOf(after('auto', 100), 3, 100)).toEqual([25, 25, 25]);
  });

  it('is shorter by the time for which a timer was late', () => {
    const pause = after('auto', 10);
    pause.rested(5);
    expect(pausesOf(pause, 6, 10)).toEqual([0, 0, 0, 0, 0, 10]);
  });

  it('returns to 50 ms, or to a quarter of the time, after a batch that took far too long', () => {
    const pause = after('auto', 10);
    const [slow, , verySlow] = [101, 10, 400].map((serverMs) => pausesOf(pause, 1, serverMs)[0]);
    expect(slow).toBeGreaterThanOrEqual(50);
    expect(verySlow).toBe(100);
  });

  it('is shorter by the time for which the server rests anyway, e.g. during a round trip', () => {
    expect(sum(pausesOf(after('auto', 10, 2), 400, 10, 2))).toBeCloseTo(400 * 0.5, -2);
    expect(sum(pausesOf(after('auto', 10, 110), 100, 10, 110))).toBe(0);
  });
});

describe('a fixed pause', () => {
  it.each([0, 20])('stays at its setting after each batch: %d ms', (fixed) => {
    expect(after(fixed, 400, 110).ms).toBe(fixed);
  });
});

describe('the number of batches in flight', () => {
  it('is one with a fixed pause', () => {
    expect(after(20, 10, 110).maxInFlight).toBe(1);
  });

  it('keeps the server busy during a round trip without a pause', () => {
    expect(after(0, 10).maxInFlight).toBe(2);
    expect(after(0, 10, 1).maxInFlight).toBe(2);
    expect(after(0, 10, 110).maxInFlight).toBe(12);
  });

  it('is one before an automatic pause, so that the server rests during it', () => {
    const pause = after('auto', 10);
    const inFlight = Array.from({ length: 4 }, () => {
      const { maxInFlight } = pause;
      pause.after({ serverMs: 10, idleMs: 0, wasPipelined: true });
      return maxInFlight;
    });
    expect(inFlight).toEqual([2, 2, 2, 1]);
    expect(pause.ms).toBe(10);
  });

  it('leaves the server a fifth of its time if its round trips are longer than its rests', () => {
    expect(after('auto', 10, 14).maxInFlight).toBe(1);
    expect(after('auto', 10, 15).maxInFlight).toBe(2);
    expect(after('auto', 10, 110).maxInFlight).toBe(9);
  });
});
