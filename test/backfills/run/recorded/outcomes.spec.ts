import * as outcomes from '../../../../libs/backfill/src/backfills/run/outcome/run-outcome.ts';
import * as proofs from '../../../../libs/backfill/src/backfills/run/outcome/proof-outcome.ts';
import {
  describeFailure,
  classifyFailure,
} from '../../../../libs/backfill/src/backfills/run/outcome/failure.ts';
import { ProofProgressLog } from '../../../../libs/backfill/src/backfills/run/outcome/proof-progress.log.ts';
import { startReason } from '../../../../libs/backfill/src/backfills/run/outcome/start-reason.ts';
import { sumReports } from '../../../../libs/backfill/src/backfills/run/tenants/report.sum.ts';
import { BatchCodeError } from '../../../../libs/backfill/src/backfills/batch/batch-code.error.ts';
import {
  BackfillRetryError,
  StillPendingError,
  SwallowedError,
} from '../../../../libs/backfill/src/backfills/run.error.ts';
import type { LedgerRecord } from '../../../../libs/backfill/src/ledger/target/record.opener.ts';
import { BACKFILL_STATUSES } from '../../../../libs/backfill/src/ledger/status.ts';
import { reportOf } from '../../../one-shot/output/reports.ts';
import { Recorded } from '../../../guard/recorded/recorded.ts';

/** `WRITE_RECORDED=1` writes the file anew: review the difference. */
const recorded = new Recorded(new URL('outcomes.txt', import.meta.url));
afterAll(() => recorded.end());

const recordOf = (status: string, completedAt: string | null = null) =>
  ({ status, completedAt }) as unknown as LedgerRecord;

const unprovable = { problem: 'the column a', provedAt: '2026-01-01' };

describe('how a run ends stays as in outcomes.txt', () => {
  it.each<readonly [string, unknown]>([
    ['paused by a person', outcomes.heldByPerson({ status: 'paused', reason: 'Holidays.' })],
    ['cancelled by a person', outcomes.heldByPerson({ status: 'cancelled', reason: 'Wrong.' })],
    ['another process runs it', outcomes.leasedByOther('a@b:1')],
    ['another process runs these tenants', outcomes.tenantsLeasedByOther('a@b:1')],
    ['its lease was lost', outcomes.leaseLost('Taken over.')],
    ['proved by another process', outcomes.provedByAnother()],
    ['stopped', outcomes.incomplete('Stopped by SIGTERM.')],
    ['stopped while it waits', outcomes.incomplete('Stopped.', { waitingFor: 'replica', keepsStatus: true })],
    [
      'the database was lost',
      outcomes.databaseLost({ reason: 'Gone.', waitingFor: outcomes.THE_DATABASE }, { keepsStatus: true }),
    ],
    ['locked by somebody', outcomes.lockedOut('a lock of pid 7', { keepsStatus: false })],
    ['locked by nobody known', outcomes.lockedOut(null, { keepsStatus: true })],
    [
      'a dependency is not complete',
      outcomes.waitsForDependency('pending', { name: 'first', status: 'failed' }),
    ],
    ['its column is gone', outcomes.columnGone(unprovable)],
    ['its column is gone, proved at an unknown time', outcomes.columnGone({ ...unprovable, provedAt: null })],
    ['failed', outcomes.failed('Wrong SQL.', { keepsStatus: true })],
    ['nothing could be changed', proofs.nothingChanged('7')],
    ['rows keep arriving', proofs.rowsKeepArriving('7', 3)],
  ])('%s', (name, outcome) => {
    recorded.expect(name, JSON.stringify(outcome, null, 1));
  });

  const proved = [true, false].flatMap((hasStarted) =>
    (['complete', 'incomplete', 'running'] as const).flatMap((status) =>
      [null, ['1'], ['1', '2']].flatMap((tenants) =>
        [[], ['2'], ['1', '2'], ['1']].map((withoutRows) => ({ hasStarted, status, tenants, withoutRows })),
      ),
    ),
  );
  it('proved, with and without tenants', () => {
    const lines = proved.map((one) => {
      const { hasStarted, status, tenants, withoutRows } = one;
      const run = { record: recordOf(status, '2026-01-01'), tenants, hasStarted };
      return `${JSON.stringify(one)}: ${JSON.stringify(proofs.nothingPending(run, withoutRows))}`;
    });
    const run = { record: recordOf('complete'), tenants: null, hasStarted: false };
    lines.push(JSON.stringify(proofs.nothingPending(run, [])));
    recorded.expect('no row is pending', lines.join('\n'));
  });

  it('with rows in quarantine', () => {
    const lines = [1, 2].flatMap((rows) =>
      (['incomplete', 'complete'] as const).flatMap((status) =>
        [true, false].map((hasStarted) =>
          JSON.stringify(
            proofs.rowsInQuarantine(rows, { record: recordOf(status), tenants: null, hasStarted }),
          ),
        ),
      ),
    );
    recorded.expect('rows are in quarantine', lines.join('\n'));
  });

  it('says why it starts', () => {
    const lines = BACKFILL_STATUSES.map((status) => `${status}: ${startReason(recordOf(status))}`);
    lines.push(startReason(recordOf('complete', '2026-01-01')));
    recorded.expect('it starts', lines.join('\n'));
  });

  it('describes an error of a row', () => {
    const errors = [
      new Error('plain'),
      new TypeError('x is not a function'),
      new BatchCodeError('a', new RangeError('too far\nsecond line')),
      new BatchCodeError('a', Object.assign(new Error('duplicate'), { code: '23505' })),
      new BackfillRetryError('again'),
      new StillPendingError('a', {}),
      new SwallowedError('a', new Error('x')),
      'a text',
      new Error('with NUL \0.'),
      Object.assign(new Error('duplicate'), { code: '23505' }),
      Object.assign(new Error('deadlock'), { code: '40P01' }),
      Object.assign(new Error('locked'), { code: '55P03' }),
    ];
    const lines = errors.map(
      (error) => `${classifyFailure(error)} ${JSON.stringify(describeFailure(error))}`,
    );
    expect(describeFailure(new Error('x'.repeat(3_000))).error).toHaveLength(2_000);
    recorded.expect('an error of a row', lines.join('\n'));
  });

  it('adds up the parts of a run in tenant order', () => {
    const part = reportOf({ updated: 10, batches: 2, durationMs: 500, nothingToDo: false, proofMs: 3 });
    const { proofMs: _none, ...unproved } = reportOf({
      updated: 0,
      batches: 0,
      durationMs: 0,
      nothingToDo: true,
    });
    const last = { ...unproved, proved: true, withoutRows: ['9'] };
    const sums = [
      sumReports([], unproved),
      sumReports([part], last),
      sumReports([{ ...part, updated: 0, withoutRows: ['8'] }], last),
      sumReports([part, part], { ...part, reason: 'Its own.', updated: 7 }),
      sumReports([part], { ...last, proved: false }),
    ];
    recorded.expect('a run in tenant order', sums.map((sum) => JSON.stringify(sum)).join('\n'));
  });
});

describe('a proof that takes long', () => {
  it('is reported at once, and then every 30 s', () => {
    let now = 1_000;
    const lines: string[] = [];
    const log = new ProofProgressLog(
      (line) => void lines.push(line),
      () => now,
    );
    expect(log.hasReported).toBe(false);
    expect(log.report({ done: 12_000, total: 300_000, unit: 'page' })).toBe('12,000 of 300,000 pages read');
    expect(log.hasReported).toBe(true);
    now += 29_999;
    expect(log.report({ done: 13_000, total: 300_000, unit: 'page' })).toBeNull();
    now += 1;
    expect(log.report({ done: 1, total: null, unit: 'page' })).toBe('1 page read');
    expect(lines).toEqual([
      'Proving that no row is pending: 12,000 of 300,000 pages read.',
      'Proving that no row is pending: 1 page read.',
    ]);
  });
});
