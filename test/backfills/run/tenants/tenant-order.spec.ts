import { Recorder } from '../../../support/recorder.ts';
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

  it('is the declared list, and the other tenants follow', async () => {
    expect(await stage.run('listed-first')).toMatchObject({ status: 'complete', updated: ALL });
    expect((await finished()).slice(0, 2)).toEqual(['medium', 'small']);
  });

  it('`round-robin` does every row of every tenant', async () => {
    expect(await stage.run('round-robin')).toMatchObject({ status: 'complete', updated: ALL, proved: true });
    expect(await pending()).toBe('0');
  });

  it('`round-robin` ends if a row of one tenant cannot be done', async () => {
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
