import type { BackfillPhaseReport, BackfillReport } from '../../../libs/backfill/src/report/report.ts';
import { renderClosingLine } from '../../../libs/backfill/src/one-shot/output/text/closing-line.renderer.ts';
import { reportOf } from './reports.ts';

type Phase = Omit<BackfillPhaseReport, 'phase'>;

const closing = (phase: Phase) => renderClosingLine({ phase: 'backfill', ...phase });
const done = (name: string) => reportOf({ name });
const left = (name: string, changes: Partial<BackfillReport> = {}) =>
  reportOf({ name, status: 'incomplete', proved: false, remaining: 9, ...changes });

describe('the last sentence about a run of backfills', () => {
  it.each([
    ['the only one', [done('a')], [], 'Complete: every backfill is done, and its query proves it.'],
    [
      'one of two',
      [done('a')],
      ['b'],
      'Complete: a is done, and its query proves it. 1 other backfill was not part of this run.',
    ],
    [
      'some of many',
      [done('a'), done('b')],
      ['c', 'd', 'e'],
      'Complete: a and b are done, and their queries prove it. 3 other backfills were not part of this run.',
    ],
    [
      'too many for a sentence',
      [done('a'), done('b'), done('c'), done('d')],
      ['e'],
      'Complete: the 4 named backfills are done, and their queries prove it. 1 other backfill was not part of this run.',
    ],
  ])('speaks of what was asked for: %s', (_, backfills, notRequested, sentence) => {
    expect(closing({ outcome: 'complete', backfills, notRequested })).toBe(sentence);
  });

  it('does not say that other backfills were complete before', () => {
    const backfills = [reportOf({ name: 'a', nothingToDo: true })];
    expect(closing({ outcome: 'nothing-to-do', backfills })).toBe(
      'Nothing to do: every backfill was already complete, and its query proved it again.',
    );
    expect(closing({ outcome: 'nothing-to-do', backfills, notRequested: ['b', 'c'] })).toBe(
      'Nothing to do: a was already complete, and its query proved it again. 2 other backfills were not part of this run.',
    );
  });

  it('says which backfills a run for some tenants left out', () => {
    const backfills = [reportOf({ name: 'a', onlyTenants: ['5'] })];
    expect(closing({ outcome: 'complete', backfills, notRequested: ['b'] })).toMatch(
      /^Complete for the given tenants: .* 1 other backfill was not part of this run\.$/,
    );
  });

  it('does not promise that the next run continues what a person has paused', () => {
    const backfills = [
      done('a'),
      left('b'),
      left('c', { status: 'paused' }),
      left('d', { status: 'paused' }),
    ];
    expect(closing({ outcome: 'incomplete', backfills })).toBe(
      [
        'Incomplete: work is left. The next run continues b where this one stopped.',
        'c, d: a person has paused or cancelled the remaining work. `--resume` lets the next run continue it.',
      ].join('\n'),
    );
  });

  it('says each reason for which the next run alone does not finish the work', () => {
    const backfills = [left('a', { status: 'running' }), left('b', { quarantined: 9 })];
    expect(closing({ outcome: 'incomplete', backfills })).toBe(
      [
        'Incomplete: work is left.',
        'a: another process runs the remaining work. `--status` shows its progress.',
        'b: only quarantined rows are left. `--status` shows their errors. Fix the cause, then run with `--retry-quarantined`.',
      ].join('\n'),
    );
  });

  it('names the backfill that a named one waits for, because the next run of the same names would wait too', () => {
    const waiting = left('b', { status: 'pending', waitsForBackfill: 'a' });
    expect(closing({ outcome: 'incomplete', backfills: [waiting], notRequested: ['a'] })).toBe(
      'Incomplete: b waits for a, which was not part of this run. `--backfill a b` runs both.',
    );
    // Here the end of `a` decides, and has its own sentence.
    const paused = left('a', { status: 'paused' });
    expect(closing({ outcome: 'incomplete', backfills: [paused, waiting] })).toBe(
      'Incomplete: a person has paused or cancelled the remaining work. `--resume` lets the next run continue it.',
    );
  });

  it('names what has failed, and does not hide it behind the work that is left', () => {
    const failed = left('a', { status: 'failed' });
    expect(closing({ outcome: 'failed', backfills: [failed, done('b')] })).toBe(
      'Failed: a. Correct the cause that is shown above, then run again.',
    );
    expect(
      closing({ outcome: 'failed', backfills: [failed, left('b'), left('c', { status: 'paused' })] }),
    ).toBe(
      [
        'Failed: a. Correct the cause that is shown above, then run again. The next run continues b where this one stopped.',
        'c: a person has paused or cancelled the remaining work. `--resume` lets the next run continue it.',
      ].join('\n'),
    );
    expect(closing({ outcome: 'failed', backfills: [] })).toBe('Failed.');
  });

  it('claims nothing where nothing is declared', () => {
    expect(closing({ outcome: 'nothing-to-do', backfills: [] })).toBe('Nothing was run.');
  });
});
