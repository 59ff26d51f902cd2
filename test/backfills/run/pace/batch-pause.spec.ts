import { PACE_DEFAULTS } from '../../../../libs/backfill/src/backfills/declare/pace.ts';
import { BatchPause } from '../../../../libs/backfill/src/backfills/run/range/pace/batch-pause.ts';

const { targetDuration } = PACE_DEFAULTS;

/** A pause after 30 batches. */
function after(pause: 'auto' | number, serverMs: number, idleMs = 0): BatchPause {
  const result = new BatchPause({ pause, targetDuration });
  for (let batch = 0; batch < 30; batch++) result.after(serverMs, idleMs);
  return result;
}

describe('the automatic pause', () => {
  it("starts at 50 ms and becomes a quarter of the server's time for a batch", () => {
    expect(new BatchPause({ pause: 'auto', targetDuration }).ms).toBe(50);
    expect(after('auto', 10).ms).toBe(2.5);
  });

  it('returns to 50 ms, or to a quarter of the time, after a batch that took far too long', () => {
    const pause = after('auto', 10);
    pause.after(101, 0);
    expect(pause.ms).toBe(50);
    pause.after(10, 0);
    pause.after(400, 0);
    expect(pause.ms).toBe(100);
  });

  it('is shorter by the time for which the server rests anyway, e.g. during a round trip', () => {
    expect(after('auto', 10, 2).ms).toBe(0.5);
    expect(after('auto', 10, 110).ms).toBe(0);
  });
});

describe('a fixed pause', () => {
  it.each([0, 20])('stays at its setting: %d ms', (fixed) => {
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

  it('leaves the server a fifth of its time with the automatic pause', () => {
    expect(after('auto', 10).maxInFlight).toBe(1);
    // The round trip is shorter than the rest that the server needs for two batches.
    expect(after('auto', 10, 14).maxInFlight).toBe(1);
    expect(after('auto', 10, 15).maxInFlight).toBe(2);
    expect(after('auto', 10, 110).maxInFlight).toBe(9);
  });
});
