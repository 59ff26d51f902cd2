import type { BackfillReport } from 'nestjs-backfill';
import { Recorder } from '../../../support/runs/recorder.ts';
import { until } from '../../../support/runs/until.ts';
import { ALL, orderedLeads } from './ordered-leads.ts';

describe('the report of a run in tenant order', () => {
  const { stage, blockTenantSmall, pending } = orderedLeads();

  const expectAllTenants = async (report: BackfillReport) => {
    expect(report.proof).not.toContain('tenant_id');
    expect(String(report.remaining)).toBe(await pending());
    expect(report.tenants.map(({ tenant }) => tenant)).toContain('medium');
    expect(report.updated).toBe(ALL - Number(await pending()));
  };

  it.each([
    ['paused', 'pause'],
    ['cancelled', 'cancel'],
  ] as const)('covers all tenants if the run is %s', async (status, command) => {
    const blocker = await blockTenantSmall();
    const run = stage.run('listed-first');
    await until(() => blocker.isWaitedFor(stage.database));
    await stage.application.service[command]('listed-first');
    await blocker.release();
    const report = await run;
    expect(report).toMatchObject({ status });
    await expectAllTenants(report);
  });

  it('covers all tenants if the run is stopped, and the status names the reason', async () => {
    const recorder = new Recorder();
    const isEnough = () => recorder.progress.length === 3; // every batch of the tenant `medium`
    const report = await stage.run('listed-first', {
      recorder,
      stopWhen: () => (isEnough() ? 'That is enough.' : null),
    });
    expect(report).toMatchObject({ status: 'incomplete', reason: 'That is enough.', remaining: 49 });
    await expectAllTenants(report);
    expect(await stage.status('listed-first')).toMatchObject({
      status: 'incomplete',
      reason: 'That is enough.',
    });
  });

  it('covers all tenants if the run fails', async () => {
    await stage.query(`CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM nothing_of_that_name(); RETURN NEW; END $$;
      CREATE TRIGGER broken BEFORE UPDATE ON leads FOR EACH ROW WHEN (NEW.tenant_id = 'small') EXECUTE FUNCTION broken()`);
    const report = await stage.run('listed-first');
    await stage.query('DROP TRIGGER broken ON leads; DROP FUNCTION broken');
    expect(report).toMatchObject({ status: 'failed', remaining: 49 });
    await expectAllTenants(report);
  });

  it('covers all tenants if the run waits for a person to check the canary', async () => {
    const report = await stage.run('canary-waits');
    expect(report).toMatchObject({ status: 'paused', remaining: 49 });
    await expectAllTenants(report);
  });
});
