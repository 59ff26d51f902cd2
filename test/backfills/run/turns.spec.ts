import type { BackfillReport } from 'nestjs-backfill';
import { runInTurns, type RunOne } from '../../../libs/backfill/src/backfills/phase.turns.ts';
import type { BackfillDefinition } from '../../../libs/backfill/src/backfills/definition/definition.ts';
import { StopSignal } from '../../../libs/backfill/src/backfills/run/stop/stop-signal.ts';
import { reportOf } from '../../one-shot/output/reports.ts';
import { jobsStage } from '../../support/applications/jobs.ts';
import { Recorder } from '../../support/runs/recorder.ts';

/** `b<a` is b, which depends on a. */
const named = (text: string) => {
  const [name = '', ...dependsOn] = text.split('<');
  return { name, dependsOn } as unknown as BackfillDefinition;
};

describe('several backfills under one time limit', () => {
  /** Runs them, where `slow…` never ends by itself. @returns the order of their turns, and the reports */
  async function runAll(names: readonly string[], stop: StopSignal) {
    const turns: string[] = [];
    const ended: string[] = [];
    const runOne: RunOne = async ({ name }, turn, end) => {
      turns.push(name);
      if (end === 'reported') ended.push(name);
      if (!name.startsWith('slow')) return reportOf({ name, status: 'complete', proved: true, updated: 1 });
      while (turn.reason === null) await turn.sleep(1_000);
      return reportOf({
        name,
        status: 'incomplete',
        proved: false,
        reason: turn.reason,
        updated: 2,
        batches: 1,
      });
    };
    const finished = ({ name }: BackfillReport) => void ended.push(name);
    return { turns, ended, reports: await runInTurns(names.map(named), stop, runOne, finished) };
  }

  it('take turns: a slow one does not keep the others from theirs, and uses what they have left', async () => {
    const { turns, ended, reports } = await runAll(
      ['slow-1', 'quick-1', 'slow-2', 'quick-2'],
      new StopSignal({ maxDurationMs: 300 }),
    );
    expect(turns.slice(0, 4)).toEqual(['slow-1', 'quick-1', 'slow-2', 'quick-2']);
    expect(turns.slice(4, 6)).toEqual(['slow-1', 'slow-2']);
    expect(reports.map(({ name, status }) => [name, status])).toEqual([
      ['slow-1', 'incomplete'],
      ['quick-1', 'complete'],
      ['slow-2', 'incomplete'],
      ['quick-2', 'complete'],
    ]);
    expect(reports[0]?.updated).toBe(2 * turns.filter((name) => name === 'slow-1').length);
    // Each run ends once, however many turns it had.
    expect([...ended].sort()).toEqual(reports.map(({ name }) => name).sort());
  });

  it('begin what depends on others as soon as these are complete, in the same run', async () => {
    let turnsOfFirst = 0;
    const turns: string[] = [];
    const runOne: RunOne = async ({ name }, turn) => {
      turns.push(name);
      // The first needs more than its first share of the time, the other never ends.
      const ends = name === 'first' ? ++turnsOfFirst > 1 : name !== 'slow';
      while (!ends && turn.reason === null) await turn.sleep(1_000);
      return reportOf({ name, status: ends ? 'complete' : 'incomplete', proved: ends });
    };
    const finished: string[] = [];
    const reports = await runInTurns(
      ['first', 'second<first', 'third<second', 'slow'].map(named),
      new StopSignal({ maxDurationMs: 300 }),
      runOne,
      ({ name }) => void finished.push(name),
    );
    expect(turns.slice(0, 6)).toEqual(['first', 'slow', 'first', 'second', 'third', 'slow']);
    expect(reports.map(({ name, status }) => `${name} ${status}`)).toEqual([
      'first complete',
      'second complete',
      'third complete',
      'slow incomplete',
    ]);
    expect([...finished].sort()).toEqual(['first', 'second', 'slow', 'third']);
  });

  it('report what depends on a backfill that did not become complete', async () => {
    const { turns, reports } = await runAll(
      ['slow-1', 'after<slow-1'],
      new StopSignal({ maxDurationMs: 100 }),
    );
    expect(turns).toEqual(['slow-1', 'after']);
    expect(reports.map(({ name }) => name)).toEqual(['slow-1', 'after']);
  });

  it('end their turns at once when the run is stopped', async () => {
    const controller = new AbortController();
    const stop = new StopSignal({ maxDurationMs: 600_000, signal: controller.signal });
    const run = runAll(['slow-1', 'slow-2'], stop);
    controller.abort('SIGTERM');
    const { turns, ended, reports } = await run;
    expect(turns).toEqual(['slow-1', 'slow-2']);
    expect([...ended].sort()).toEqual(['slow-1', 'slow-2']);
    expect(reports[0]?.reason).toBe('Stopped by SIGTERM.');
  });

  it('run one after the other without a limit', async () => {
    const { turns, ended } = await runAll(['quick-1', 'quick-2'], new StopSignal({}));
    expect({ turns, ended }).toEqual({ turns: ['quick-1', 'quick-2'], ended: ['quick-1', 'quick-2'] });
  });
});

describe('a run under a time limit', () => {
  const stage = jobsStage(10);

  it('reports its end to observers once for each backfill, with the rows of all its turns', async () => {
    const recorder = new Recorder();
    const { backfills } = await stage.runAll({ maxDurationMs: 60_000, observer: recorder });
    expect(recorder.reports.map(({ name, status, kind }) => [name, status, kind])).toEqual(
      backfills.map(({ name, status, kind }) => [name, status, kind]),
    );
    expect(new Set(recorder.reports.map(({ name }) => name)).size).toBe(recorder.reports.length);
  });
});

describe('the option `first` of a run', () => {
  const stage = jobsStage(10);

  it('runs these backfills before the others, and ignores names that are not declared', async () => {
    const { backfills } = await stage.runAll({ first: ['note-jobs', 'unknown'] });
    expect(backfills.map(({ name }) => name)).toEqual(['note-jobs', 'do-jobs']);
  });
});
