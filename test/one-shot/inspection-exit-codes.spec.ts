import { exitCodeOfInspection } from '../../libs/backfill/src/one-shot/exit-code.ts';
import type { OneShotPlan, OneShotStatus } from '../../libs/backfill/src/one-shot/one-shot.report.ts';
import { planOf, statusOf } from './output/reports.ts';

describe('the exit code of an inspection with --strict', () => {
  const code = (inspected: object) =>
    exitCodeOfInspection(inspected as OneShotPlan | OneShotStatus, { strict: true });
  const migrate = (...pending: string[]) => ({
    phase: 'migrate',
    dataSources: [{ pending: [] }, { pending }],
  });
  const indexes = (...presences: string[]) => ({
    phase: 'indexes',
    dataSources: [{ indexes: [] }, { indexes: presences.map((presence) => ({ presence })) }],
  });
  const status = (...statuses: object[]) => ({ phase: 'backfill', backfills: statuses });
  const plan = (...plans: object[]) => ({ phase: 'backfill', plan: plans });
  const done = statusOf({ status: 'complete' });

  it.each([
    ['no migration is pending', migrate(), 0],
    ['a migration is pending', migrate('AddX'), 3],
    ['every index exists', indexes('exists', 'exists'), 0],
    ['there is no index', indexes(), 0],
    ['an index is missing', indexes('exists', 'missing'), 3],
    ['an index is invalid', indexes('invalid'), 3],
    ['every backfill is complete', status(done, done), 0],
    ['one backfill is not', status(done, statusOf({ status: 'paused' })), 3],
    [
      'a backfill that the code no longer declares is not',
      status(done, statusOf({ declared: false, status: 'failed' })),
      0,
    ],
    ['only removed backfills are left', status(statusOf({ declared: false })), 3],
    ['there is no backfill', status(), 3],
    ['nothing is planned', plan(planOf({ status: 'complete', pending: 0 })), 0],
    [
      'one of two has rows',
      plan(planOf({ status: 'complete', pending: 0 }), planOf({ status: 'complete', pending: 1 })),
      3,
    ],
    [
      'one of two is not complete',
      plan(planOf({ status: 'failed', pending: 0 }), planOf({ status: 'complete', pending: 0 })),
      3,
    ],
    [
      'one that is complete cannot be planned',
      {
        ...plan(planOf({ status: 'complete', pending: 0 })),
        unplanned: [{ name: 'a', reason: 'Why.', complete: true }],
      },
      0,
    ],
    ['there is nothing to plan', plan(), 3],
    ['no backfill can be planned', { ...plan(), unplanned: [{ name: 'a', reason: 'Why.' }] }, 3],
    [
      'one cannot be planned',
      { ...plan(planOf({ status: 'complete', pending: 0 })), unplanned: [{ name: 'a', reason: 'Why.' }] },
      3,
    ],
    [
      'a deployment has nothing left',
      { phase: 'deploy', migrate: migrate(), indexes: indexes('exists'), backfill: status(done) },
      0,
    ],
    ['a deployment has no backfill', { phase: 'deploy', migrate: migrate(), backfill: status() }, 0],
    ['a deployment has nothing to plan', { phase: 'deploy', backfill: plan() }, 0],
    [
      'a deployment has only one that cannot be planned',
      { phase: 'deploy', backfill: { ...plan(), unplanned: [{ name: 'a', reason: 'Why.' }] } },
      3,
    ],
    [
      'a deployment has a pending migration',
      { phase: 'deploy', migrate: migrate('AddX'), backfill: status(done) },
      3,
    ],
    [
      'a deployment has a missing index',
      { phase: 'deploy', indexes: indexes('missing'), backfill: status(done) },
      3,
    ],
    [
      'a deployment has a backfill left',
      { phase: 'deploy', migrate: migrate(), backfill: status(statusOf({ status: 'failed' })) },
      3,
    ],
  ])('if %s', (_, inspected, expected) => {
    expect(code(inspected)).toBe(expected);
    expect(exitCodeOfInspection(inspected as OneShotStatus, { strict: false })).toBe(0);
  });

  it.each([
    ['one row of a table of unknown size', 1, null, 0],
    ['two rows of a table of unknown size', 2, null, 3],
    ['one of a hundred rows', 100, 10_000, 0],
    ['more than one of a hundred rows', 101, 10_000, 3],
    ['an unknown number of rows', null, 10_000, 0],
  ])('if a complete backfill has %s pending, as estimated', (_, pending, tableRows, expected) => {
    const estimated = planOf({ status: 'complete', pending, pendingIsEstimate: true, tableRows });
    expect(code(plan(estimated))).toBe(expected);
  });
});
