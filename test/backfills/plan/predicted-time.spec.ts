import { PACE_DEFAULTS } from '../../../libs/backfill/src/backfills/declare/pace.ts';
import { predictRun, type RunFacts } from '../../../libs/backfill/src/backfills/plan/cost/run.prediction.ts';

const PENDING = 1_000_000;
const WORK_MS = 6_000;

/** Milliseconds of a run over a network with this round trip. */
function predictedMs(roundTripMs: number, pause: RunFacts['pace']['pause']): number {
  const facts: RunFacts = {
    costs: {
      order: 'page',
      stripes: 8,
      possibleStripes: 8,
      notHeapOnly: null,
      rowGrowth: 16,
      pages: [],
      regions: [],
      heapOnly: null,
      roundTripMs,
    },
    statistics: {
      tableId: '1',
      rows: PENDING,
      heapBytes: 300e6,
      rowsPerPage: 27,
      hasLargeValues: false,
      fillfactor: 100,
      blockSize: 8192,
      autovacuumFrom: null,
      checkpointBytes: 1e9,
      indexes: [],
    },
    pending: PENDING,
    scanMs: 0,
    pace: { ...PACE_DEFAULTS, pause },
    replicas: [],
  };
  const work = {
    ms: WORK_MS,
    walBytes: 0,
    tableGrowthBytes: 0,
    indexGrowthBytes: 0,
    heapOnlyShare: 0.8,
    deadRows: 0,
  };
  return predictRun(work, facts).ms;
}

describe('the predicted time of a run with automatic pauses', () => {
  it("is the server's time, a quarter more for its rests, and the start", () => {
    const ms = predictedMs(0, 'auto');
    expect(ms).toBeGreaterThan(WORK_MS * 1.25);
    expect(ms).toBeLessThan(WORK_MS * 1.5);
  });

  it('does not grow with a round trip that is shorter than the rests', () => {
    expect(predictedMs(1, 'auto')).toBe(predictedMs(0, 'auto'));
    expect(predictedMs(0, 20)).toBeLessThan(predictedMs(1, 20));
  });

  it('counts a round trip once for all batches that are sent during it', () => {
    const batches = predictedMs(110, 0) - predictedMs(0, 0);
    expect(predictedMs(110, 'auto')).toBeGreaterThan(predictedMs(0, 'auto'));
    expect(predictedMs(110, 'auto') - predictedMs(0, 'auto')).toBeLessThan(batches / 4);
  });
});
