import type { BackfillReport } from 'nestjs-backfill';
import { runInTurns } from '../../../libs/backfill/src/backfills/phase.turns.ts';
import type { BackfillDefinition } from '../../../libs/backfill/src/backfills/definition/definition.ts';
import { StopSignal } from '../../../libs/backfill/src/backfills/run/stop/stop-signal.ts';
import { reportOf } from '../../one-shot/output/reports.ts';
import { jobsStage } from '../../support/applications/jobs.ts';

const named = (name: string) => ({ name }) as BackfillDefinition;

describe('several backfills under one time limit', () => {
  /** Runs them, where `slow…` never ends by itself. @returns the order of their turns, and the reports */
  async function runAll(names: readonly string[], stop: StopSignal) {
    const turns: string[] = [];
    const runOne = async ({ name }: BackfillDefinition, turn: StopSignal): Promise<BackfillReport> => {
      turns.push(name);
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
    return { turns, reports: await runInTurns(names.map(named), stop, runOne) };
  }

  it('take turns: a slow one does not keep the others from theirs, and uses what they have left', async () => {
    const { turns, reports } = await runAll(
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
  });

  it('end their turns at once when the run is stopped', async () => {
    const controller = new AbortController();
    const stop = new StopSignal({ maxDurationMs: 600_000, signal: controller.signal });
    const run = runAll(['slow-1', 'slow-2'], stop);
    controller.abort('SIGTERM');
    const { turns, reports } = await run;
    expect(turns).toEqual(['slow-1', 'slow-2']);
    expect(reports[0]?.reason).toBe('Stopped by SIGTERM.');
  });

  it('run one after the other without a limit', async () => {
    expect((await runAll(['quick-1', 'quick-2'], new StopSignal({}))).turns).toEqual(['quick-1', 'quick-2']);
  });
});

describe('the option `first` of a run', () => {
  const stage = jobsStage(10);

  it('runs these backfills before the others, and ignores names that are not declared', async () => {
    const { backfills } = await stage.runAll({ first: ['note-jobs', 'unknown'] });
    expect(backfills.map(({ name }) => name)).toEqual(['note-jobs', 'do-jobs']);
  });
});
