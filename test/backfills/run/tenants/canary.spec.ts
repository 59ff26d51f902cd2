import { Recorder } from '../../../support/runs/recorder.ts';
import { ALL, orderedLeads, SIZES } from './ordered-leads.ts';

describe('a canary', () => {
  const { stage, finished, pending } = orderedLeads();

  it('is run first, and the run pauses for a person after the probe finds no pending row of it', async () => {
    const report = await stage.run('canary-waits');
    expect(report).toMatchObject({
      status: 'paused',
      updated: SIZES.medium,
      waitingFor: 'a person to resume it',
    });
    expect(report.reason).toContain("the canary's tenants (medium)");
    expect(await finished()).toEqual(['medium']);
    expect(await stage.run('canary-waits')).toMatchObject({ status: 'paused', updated: 0 });
    expect(await pending()).toBe(String(ALL - SIZES.medium));
    await stage.application.service.resume('canary-waits');
    expect(await stage.run('canary-waits')).toMatchObject({
      status: 'complete',
      updated: ALL - SIZES.medium,
    });
  });

  it('is run first even after a pause that had another reason', async () => {
    const { service } = stage.application;
    await service.pause('canary-waits');
    await service.resume('canary-waits');
    expect(await stage.run('canary-waits')).toMatchObject({ status: 'paused', updated: SIZES.medium });
  });

  it('is reported to have tested nothing if it has no rows, and the run continues after a person resumes it', async () => {
    const { service } = stage.application;
    await stage.query(`DELETE FROM leads WHERE tenant_id = 'medium'`);
    const recorder = new Recorder();
    const report = await stage.run('canary-waits', { recorder });
    expect(report).toMatchObject({ status: 'paused', withoutRows: ['medium'], remaining: 49 });
    expect(report.reason).toMatch(
      /^No row of the table has the tenant medium of the canary, so it tested nothing\./,
    );
    expect(recorder.notes).toEqual(['No row of the table has the tenant medium.']);
    await service.resume('canary-waits');
    expect(await stage.run('canary-waits')).toMatchObject({ status: 'complete', updated: 49 });
  });

  it.each([
    [
      'with rows',
      "Every row of the canary's tenants (medium) is done, which the probe proved. Look at them, and let the others follow with --resume canary-waits.",
    ],
    [
      'without rows',
      'No row of the table has the tenant medium of the canary, so that nothing was tried out. Mend the declaration, or let all tenants follow with --resume canary-waits.',
    ],
  ])(
    'does not pause the run again after an upgrade if a person has resumed it before: %s',
    async (_, reason) => {
      const { service } = stage.application;
      await stage.run('canary-waits');
      // The reason that version 0.1.0 recorded.
      await stage.query(`UPDATE nestjs_backfill.transition SET reason = $1 WHERE to_status = 'paused'`, [
        reason,
      ]);
      await service.resume('canary-waits');
      expect(await stage.run('canary-waits')).toMatchObject({
        status: 'complete',
        updated: ALL - SIZES.medium,
      });
    },
  );

  it('lets the other tenants follow after a person has resumed the run', async () => {
    await stage.run('canary-waits');
    await stage.application.service.resume('canary-waits', { by: 'ann@desk', why: 'the rows are correct' });
    expect(await stage.run('canary-waits')).toMatchObject({ status: 'complete', proved: true });
    expect(await pending()).toBe('0');
  });

  it('pauses the run even if a person had paused and resumed it before', async () => {
    const { service } = stage.application;
    await service.pause('canary-waits', { by: 'ann@desk', why: 'a sale is on' });
    await service.resume('canary-waits', { by: 'ann@desk' });
    expect(await stage.run('canary-waits')).toMatchObject({ status: 'paused', updated: SIZES.medium });
    expect(await finished()).toEqual(['medium']);
  });

  it('keeps a failed backfill failed, with its reason and a remedy, and no other tenant starts', async () => {
    const { service } = stage.application;
    await stage.query(`UPDATE leads SET search_name = name WHERE tenant_id = 'medium';
      CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM nothing_of_that_name(); RETURN NEW; END $$;
      CREATE TRIGGER broken BEFORE UPDATE ON leads FOR EACH ROW EXECUTE FUNCTION broken()`);
    const failed = await stage.run('canary-waits', { tenants: ['large'] });
    const report = await stage.run('canary-waits');
    await stage.query('DROP TRIGGER broken ON leads; DROP FUNCTION broken');
    expect(failed).toMatchObject({
      status: 'failed',
      reason: expect.stringContaining('nothing_of_that_name') as string,
    });
    expect(report).toMatchObject({ status: 'failed', updated: 0, proved: false, remaining: 49 });
    expect(report.reason).toContain(`The backfill has failed: ${failed.reason}`);
    expect(report.reason).toContain('--cancel canary-waits and --resume canary-waits');
    expect(await stage.status('canary-waits')).toMatchObject({ status: 'failed', reason: failed.reason });
    await service.cancel('canary-waits');
    await service.resume('canary-waits');
    expect(await stage.run('canary-waits')).toMatchObject({ status: 'paused', updated: 0 });
    await service.resume('canary-waits');
    expect(await stage.run('canary-waits')).toMatchObject({
      status: 'complete',
      updated: ALL - SIZES.medium,
    });
  });

  it('is run first with `then: continue`, and the other tenants follow at once', async () => {
    expect(await stage.run('canary-continues')).toMatchObject({
      status: 'complete',
      updated: ALL,
      proved: true,
    });
    expect((await finished())[0]).toBe('large');
  });

  it('is not run first if tenants are requested', async () => {
    expect(await stage.run('canary-waits', { tenants: ['small'] })).toMatchObject({ updated: SIZES.small });
    expect(await finished()).toEqual(['small']);
  });
});
