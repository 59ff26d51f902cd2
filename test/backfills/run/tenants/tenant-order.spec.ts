import { Recorder } from '../../../support/runs/recorder.ts';
import { ALL, orderedLeads } from './ordered-leads.ts';

describe('the order of tenants', () => {
  const { stage, finished, pending } = orderedLeads();

  it('starts with the smallest tenant with `smallest-first`, and ends with the rows without a tenant', async () => {
    const recorder = new Recorder();
    expect(await stage.run('smallest-first', { recorder })).toMatchObject({
      status: 'complete',
      updated: ALL,
      proved: true,
    });
    expect(await finished()).toEqual(['small', 'medium', 'large', 'nobody']);
    expect(recorder.reports).toHaveLength(1);
  });

  it('follows the declared list and continues with the other tenants', async () => {
    expect(await stage.run('listed-first')).toMatchObject({ status: 'complete', updated: ALL });
    expect((await finished()).slice(0, 2)).toEqual(['medium', 'small']);
  });

  it('covers every row of every tenant with `round-robin`', async () => {
    expect(await stage.run('round-robin')).toMatchObject({ status: 'complete', updated: ALL, proved: true });
    expect(await pending()).toBe('0');
  });

  it('ends with `round-robin` even if a row of one tenant cannot be changed', async () => {
    const [poison] = await stage.query<{ id: string }>(
      `SELECT min(id) AS id FROM leads WHERE tenant_id = 'medium'`,
    );
    await stage.query(
      `ALTER TABLE leads ADD CONSTRAINT no_name CHECK (id <> ${poison?.id} OR search_name IS NULL)`,
    );
    const report = await stage.run('round-robin');
    await stage.query('ALTER TABLE leads DROP CONSTRAINT no_name');
    expect(report).toMatchObject({ status: 'incomplete', updated: ALL - 1, quarantined: 1 });
    expect(report.reason).toContain('1 row is in quarantine');
  });

  it('is reported with each tenant that starts', async () => {
    const recorder = new Recorder();
    await stage.run('listed-first', { recorder });
    expect(recorder.starts.map(({ reason }) => reason)).toEqual([
      'First run. Processing tenant medium.',
      'Processing tenant small.',
      'Processing all tenants.',
    ]);
  });
});
