import { Backfill } from 'nestjs-backfill';
import { addLeads, Lead, LEAD_TABLES, resetLeads } from '../../../support/tables/lead-tables.ts';
import { Stage } from '../../../support/applications/stage.ts';

@Backfill<Lead>({ name: 'purge-leads', entity: Lead, where: `name LIKE '%0'`, kind: 'purge', batchSize: 7 })
class PurgeLeads {}

describe('a `purge` backfill', () => {
  const stage = Stage.for({ entities: LEAD_TABLES, backfills: [PurgeLeads] });
  beforeEach(async () => {
    await resetLeads(stage.database);
    await addLeads(stage.database, 40);
  });

  it('deletes the pending rows and no others', async () => {
    expect(await stage.run('purge-leads')).toMatchObject({ status: 'complete', updated: 4, remaining: 0 });
    expect(await stage.query(`SELECT count(*)::int AS n FROM leads`)).toEqual([{ n: 36 }]);
    expect(await stage.query(`SELECT FROM leads WHERE name LIKE '%0'`)).toEqual([]);
  });

  it('quarantines a row that another table references, with the error, and deletes the rest', async () => {
    await stage.query(`INSERT INTO call_logs (lead_id, direction, called_at) VALUES (20, 'in', now())`);
    await stage.query('ALTER TABLE call_logs ADD CONSTRAINT of_lead FOREIGN KEY (lead_id) REFERENCES leads');
    expect(await stage.run('purge-leads')).toMatchObject({
      status: 'incomplete',
      updated: 3,
      quarantined: 1,
      remaining: 1,
    });
    const { quarantine } = await stage.status('purge-leads');
    expect(quarantine).toMatchObject([
      { key: ['20'], error: expect.stringContaining('"of_lead"') as string, attempts: 1 },
    ]);
    await stage.query('ALTER TABLE call_logs DROP CONSTRAINT of_lead');
    expect(await stage.runAll({ names: ['purge-leads'], retryQuarantined: true })).toMatchObject({
      outcome: 'complete',
      backfills: [{ updated: 1, quarantined: 0 }],
    });
    expect(await stage.query(`SELECT FROM leads WHERE name LIKE '%0'`)).toEqual([]);
  });
});
