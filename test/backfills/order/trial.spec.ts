import { Trial } from '../../../libs/backfill/src/backfills/run/range/sweep/trial.ts';

describe('what makes batches faster, but made one fail', () => {
  /** The number of batches that go without it before it is tried again. */
  const batchesWithout = (trial: Trial) => {
    let batches = 0;
    while (!trial.next() && batches < 10_000) batches++;
    return batches;
  };

  it('is tried from the start', () => {
    expect(batchesWithout(new Trial(20))).toBe(0);
  });

  it('is left out for 20 batches, and for twice as many after each further failure, at most for 640', () => {
    const trial = new Trial(20);
    const waits = Array.from({ length: 7 }, () => {
      trial.failed();
      return batchesWithout(trial);
    });
    expect(waits).toEqual([20, 40, 80, 160, 320, 640, 640]);
  });

  it('is tried again after two batches if its failure costs little', () => {
    const trial = new Trial(2);
    trial.failed();
    expect(batchesWithout(trial)).toBe(2);
    trial.succeeded();
    trial.succeeded();
    trial.failed();
    expect(batchesWithout(trial)).toBe(2);
  });

  it('is left out for fewer batches after successes', () => {
    const trial = new Trial(20);
    trial.failed();
    batchesWithout(trial);
    for (let batch = 0; batch < 15; batch++) trial.succeeded();
    trial.failed();
    expect(batchesWithout(trial)).toBe(25);
  });
});
