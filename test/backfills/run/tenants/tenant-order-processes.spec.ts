import type { BackfillReport } from 'nestjs-backfill';
import { Recorder } from '../../../support/runs/recorder.ts';
import { until } from '../../../support/runs/until.ts';
import { ALL, orderedLeads, SIZES } from './ordered-leads.ts';

describe('several processes on a run in tenant order', () => {
  const { stage, finished, blockTenantSmall } = orderedLeads();

  it('a second process takes no part if one worker is allowed', async () => {
    const blocker = await blockTenantSmall();
    const first = stage.run('one-at-a-time');
    await until(() => blocker.isWaitedFor(stage.database));
    const second = await stage.run('one-at-a-time');
    const done = await finished();
    await blocker.release();
    expect(await first).toMatchObject({ status: 'complete', updated: ALL });
    expect(second).toMatchObject({ status: 'running', updated: 0 });
    expect(second.reason).toContain('is running it; this process takes no part.');
    expect(done).toEqual([]);
  });

  it('a second process takes no part even if a dead process left a lease on another tenant', async () => {
    await stage.run('one-at-a-time', { tenants: ['medium'] });
    await stage.query(`UPDATE nestjs_backfill.range SET state = 'sweeping', lease_owner = 'elsewhere:1:gone',
      lease_expires_at = clock_timestamp() - interval '1 min'`);
    const blocker = await blockTenantSmall();
    const first = stage.run('one-at-a-time');
    await until(() => blocker.isWaitedFor(stage.database));
    const second = await stage.run('one-at-a-time');
    await blocker.release();
    expect(second).toMatchObject({ status: 'running', updated: 0 });
    expect(await first).toMatchObject({ status: 'complete', updated: ALL - SIZES.medium });
  });

  /**
   * Starts two runs. The first is blocked at the tenant `small`. The second has changed the other rows and
   * waits for the first.
   */
  const oneBlockedAndOneWaiting = async () => {
    const blocker = await blockTenantSmall();
    const first = stage.run('two-at-once');
    await until(() => blocker.isWaitedFor(stage.database));
    const recorder = new Recorder();
    const second = stage.run('two-at-once', { recorder });
    await recorder.until(({ waits }) => waits.some(({ waitingFor }) => waitingFor.includes('other workers')));
    return { blocker, runs: [first, second] };
  };
  const expectCompletedOnce = async (runs: readonly Promise<BackfillReport>[]) => {
    const reports = await Promise.all(runs);
    expect(reports.map(({ status, proved }) => ({ status, proved }))).toEqual([
      { status: 'complete', proved: true },
      { status: 'complete', proved: true },
    ]);
    expect(reports.reduce((sum, { updated }) => sum + updated, 0)).toBe(ALL);
    expect(await stage.value('SELECT count(*) FROM changes')).toBe(String(ALL));
    expect(
      await stage.value(`SELECT count(*) FROM nestjs_backfill.transition WHERE to_status = 'complete'`),
    ).toBe('1');
  };

  it('a process continues with the next tenant while another process holds a tenant, waits for that process, and one of them finishes the run', async () => {
    const { blocker, runs } = await oneBlockedAndOneWaiting();
    const done = await finished();
    const status = await stage.status('two-at-once');
    await blocker.release();
    await expectCompletedOnce(runs);
    expect(done).toEqual(['medium']);
    expect(status.status).toBe('running');
    expect(status.reason).toContain('Processing tenant medium.');
  });

  it('a process that takes part continues even if fewer workers are allowed later', async () => {
    const { blocker, runs } = await oneBlockedAndOneWaiting();
    await stage.application.service.set('two-at-once', { maxWorkers: 1 });
    const late = await stage.run('two-at-once');
    await blocker.release();
    await expectCompletedOnce(runs);
    expect(late).toMatchObject({ status: 'running', updated: 0 });
  });

  it('the status is running as long as one process works, even if another process has finished its tenant', async () => {
    const blocker = await blockTenantSmall();
    const first = stage.run('one-at-a-time', { tenants: ['small'] });
    await until(() => blocker.isWaitedFor(stage.database));
    expect(await stage.run('one-at-a-time', { tenants: ['medium'] })).toMatchObject({ status: 'incomplete' });
    const status = await stage.status('one-at-a-time');
    await blocker.release();
    await first;
    expect(status).toMatchObject({
      status: 'running',
      reason: expect.stringMatching(/ is running it\.$/) as string,
      leasedBy: expect.any(String) as string,
    });
    expect(await stage.status('one-at-a-time')).toMatchObject({ status: 'incomplete', leasedBy: null });
  });
});
