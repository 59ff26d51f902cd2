import { renderReportJson } from '../../../libs/backfill/src/one-shot/output/json/json.renderer.ts';
import {
  renderOneShotStatus,
  renderReport,
} from '../../../libs/backfill/src/one-shot/output/text/report.renderer.ts';
import { InvalidMigrationOptionError } from 'nestjs-backfill/errors';
import { indexesOf, migrateOf, reportOf } from './reports.ts';

const waitsFor = [{ backfill: 'leads-x', status: 'incomplete', left: 3 }];
const deferred = migrateOf({
  outcome: 'deferred',
  deferred: { name: 'RequireX2', waitsFor },
  pending: ['RequireX2', 'AddZ3'],
});

describe('the report of a deployment', () => {
  it('shows each phase, and at the end the work left with the reasons', () => {
    const text = renderReport({
      phase: 'deploy',
      outcome: 'incomplete',
      left: [{ phase: 'migrate', name: 'RequireX2', why: 'It waits.' }],
      migrate: deferred,
      indexes: indexesOf({ outcome: 'warnings' }, { status: 'differs', existing: 'USING hash (id)' }),
      backfill: { phase: 'backfill', outcome: 'complete', backfills: [reportOf()] },
    });
    expect(text).toContain('AddLastCallDirection1: done in 12 ms');
    expect(text).toContain('RequireX2: deferred, waits for the backfill leads-x (incomplete, 3 rows left)');
    expect(text).toContain('Pending after it: AddZ3');
    expect(text).toContain('leads_pending on "leads": differs');
    expect(text).toContain(
      'It is USING hash (id), but the declaration is USING btree (id). --rebuild replaces it.',
    );
    expect(text).toMatch(/Deployed with work left, .*\n {2}migrate {2}RequireX2 {2}It waits\.\n$/);
  });

  it('speaks of no deployment if no migrations were to be run, and of no index if none is declared', () => {
    const text = renderReport({
      phase: 'deploy',
      outcome: 'complete',
      left: [],
      indexes: { phase: 'indexes', outcome: 'nothing-to-do', dataSources: [] },
      backfill: { phase: 'backfill', outcome: 'complete', backfills: [reportOf()] },
    });
    expect(text).not.toMatch(/deploy/i);
    expect(text).toContain('\nNo index is declared.\n');
    expect(text).not.toContain('Nothing to build');
    expect(text).toContain('── Result ');
    expect(text).toMatch(/\nDone: no work is left\.\n$/);
  });

  it('shows that nothing was deployed when a migration failed', () => {
    const error = new InvalidMigrationOptionError('policy.lockTimeout', -1);
    const failed = migrateOf({ outcome: 'failed', failed: { name: 'AddX1', error }, pending: ['AddX1'] });
    const text = renderReport({ phase: 'deploy', outcome: 'failed', left: [], migrate: failed });
    expect(text).toContain('AddX1: failed.\n  The migrations option policy.lockTimeout is -1.');
    expect(text).toContain('Not deployed: the migrations failed.');
  });

  it('escapes control characters in names from the database', () => {
    const text = renderReport(indexesOf({ outcome: 'warnings' }, { status: 'busy', name: 'x\u001b[2J' }));
    expect(text).not.toContain('\u001b');
  });

  it('contains the remedies of errors as JSON', () => {
    const error = new InvalidMigrationOptionError('policy.lockTimeout', -1);
    const report = migrateOf({ outcome: 'failed', failed: { name: 'AddX1', error } });
    expect(JSON.parse(renderReportJson(report))).toMatchObject({
      phase: 'migrate',
      dataSources: [
        {
          failed: {
            name: 'AddX1',
            error: {
              name: 'InvalidMigrationOptionError',
              subject: 'policy.lockTimeout',
              remedy: error.remedy,
            },
          },
        },
      ],
    });
  });

  it('lists pending migrations and those that are exempt from the guard, with the reasons', () => {
    const text = renderOneShotStatus({
      phase: 'migrate',
      dataSources: [
        {
          dataSource: 'default',
          pending: ['RequireX2'],
          waiting: [{ name: 'RequireX2', waitsFor }],
          exempt: [{ name: 'SeedPlans1', reason: 'three rows', tables: ['plans'] }],
          grandfathered: ['Old0'],
        },
      ],
    });
    expect(text).toContain('RequireX2, waits for the backfill leads-x (incomplete, 3 rows left)');
    expect(text).toContain('SeedPlans1 may change rows of plans: three rows');
    expect(text).toContain('1 migration without the guard (grandfathered)');
  });
});
