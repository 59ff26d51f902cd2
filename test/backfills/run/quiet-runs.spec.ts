import { RunLog } from '../../../libs/backfill/src/backfills/run/log/run-log.ts';
import { Recorder } from '../../support/runs/recorder.ts';

const OUTCOME = {
  changed: 5,
  selected: 5,
  tenant: null,
  cursor: ['7'],
  time: { serverMs: 10, lockedMs: 10 },
} as unknown as Parameters<RunLog['batch']>[0];
const RANGE = { id: '1', cursor: ['7'] } as const;

describe('the log of a run with few batches', () => {
  let ms = 0;
  const start = () => {
    ms = 0;
    const recorder = new Recorder();
    const log = new RunLog({ name: 'slow', progressEvery: 10, observer: recorder, now: () => ms });
    return { recorder, log };
  };

  it('has a line after 30 seconds at the latest, though a line is due every ten batches', () => {
    const { recorder, log } = start();
    for (let batch = 1; batch <= 4; batch++) {
      ms += 20_000;
      log.batch(OUTCOME, RANGE);
    }
    expect(recorder.progress.map(({ line }) => line)).toEqual([false, true, false, true]);
  });

  it('says every 30 seconds where it searches if it finds no pending row', () => {
    const { recorder, log } = start();
    for (let window = 1; window <= 7; window++) {
      ms += 10_000;
      log.searching(`id=${window}`);
    }
    expect(recorder.notes).toEqual([
      'Searching for the next pending row, at id=3.',
      'Searching for the next pending row, at id=6.',
    ]);
  });

  it('says nothing of a search while batches have lines', () => {
    const { recorder, log } = start();
    for (let batch = 1; batch <= 3; batch++) {
      ms += 30_000;
      log.batch(OUTCOME, RANGE);
      log.searching('id=1');
    }
    expect(recorder.notes).toEqual([]);
  });
});
