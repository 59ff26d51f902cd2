import type { DeployReport } from '../../libs/backfill/src/deploy/deploy.report.ts';
import type { IndexOutcome } from '../../libs/backfill/src/indexes/index.report.ts';
import type { MigrationOutcome } from '../../libs/backfill/src/migrations/migration.report.ts';
import { exitCodeOf, exitCodeOfControl } from '../../libs/backfill/src/one-shot/exit-code.ts';
import type { OneShotReport } from '../../libs/backfill/src/one-shot/one-shot.report.ts';
import type { ControlledBackfill } from '../../libs/backfill/src/report/control-report.ts';
import type { PhaseOutcome } from '../../libs/backfill/src/report/report.ts';
import { indexesOf, migrateOf, reportOf } from './output/reports.ts';

type Codes = readonly [plain: number, strict: number];

const OF_MIGRATIONS = {
  done: [0, 0],
  'nothing-to-do': [0, 0],
  deferred: [0, 3],
  failed: [1, 1],
} as const satisfies Record<MigrationOutcome, Codes>;

const OF_INDEXES = {
  done: [0, 0],
  'nothing-to-do': [0, 0],
  warnings: [0, 3],
} as const satisfies Record<IndexOutcome, Codes>;

const OF_BACKFILLS = {
  complete: [0, 0],
  'nothing-to-do': [0, 0],
  incomplete: [0, 3],
  failed: [0, 3],
} as const satisfies Record<PhaseOutcome, Codes>;

const backfillOf = (outcome: PhaseOutcome, backfills = [reportOf()]) =>
  ({ phase: 'backfill', outcome, backfills }) as const;
const deployOf = (report: Omit<DeployReport, 'phase' | 'left'>): DeployReport => ({
  phase: 'deploy',
  left: [],
  ...report,
});

describe('the exit code without and with --strict', () => {
  const codesOf = (report: OneShotReport) =>
    [false, true].map((strict) => exitCodeOf(report, { strict })) as unknown as Codes;
  const rows = <Outcome extends string>(table: Readonly<Record<Outcome, Codes>>) =>
    Object.entries<Codes>(table) as [Outcome, Codes][];

  it.each(rows(OF_MIGRATIONS))('of migrations that end as %s is %j', (outcome, codes) => {
    expect(codesOf(migrateOf({ outcome }))).toEqual(codes);
  });

  it.each(rows(OF_INDEXES))('of indexes that end as %s is %j', (outcome, codes) => {
    expect(codesOf(indexesOf({ outcome }))).toEqual(codes);
  });

  it.each(rows(OF_BACKFILLS))('of backfills that end as %s is %j', (outcome, codes) => {
    expect(codesOf(backfillOf(outcome))).toEqual(codes);
  });

  it('of backfills is 3 with --strict where none is declared, and of a deployment it is not', () => {
    expect(codesOf(backfillOf('nothing-to-do', []))).toEqual([0, 3]);
    const backfill = backfillOf('nothing-to-do', []);
    expect(codesOf(deployOf({ outcome: 'nothing-to-do', backfill }))).toEqual([0, 0]);
  });

  it.each(rows(OF_BACKFILLS))('of a deployment that ends as %s is %j', (outcome, codes) => {
    for (const migrations of ['done', 'deferred'] as const) {
      const migrate = migrateOf({ outcome: migrations });
      expect(codesOf(deployOf({ outcome, migrate, backfill: backfillOf(outcome) }))).toEqual(codes);
    }
  });

  it('of a deployment is 1 whenever its migrations failed', () => {
    const migrate = migrateOf({ outcome: 'failed' });
    for (const outcome of ['failed', 'incomplete', 'complete'] as const)
      expect(codesOf(deployOf({ outcome, migrate }))).toEqual([1, 1]);
  });

  const done = { name: 'a' } as ControlledBackfill;
  it.each([
    ['changed every name', { backfills: [done] }, [0, 0]],
    [
      'did not change one that its status does not allow',
      { backfills: [done], refused: [{ name: 'b', kind: 'status', reason: '' }] },
      [0, 3],
    ],
    ['changed none', { backfills: [], refused: [{ name: 'b', kind: 'status', reason: '' }] }, [2, 2]],
    ['ended early', { backfills: [done], refused: [{ name: 'b', kind: 'error', reason: '' }] }, [2, 2]],
  ] as const)('of a control command that %s is known', (_, report, codes) => {
    const full = { phase: 'backfill', control: 'pause', ...report } as const;
    expect([false, true].map((strict) => exitCodeOfControl(full, { strict }))).toEqual(codes);
  });
});
