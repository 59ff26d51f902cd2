import { Backfill, type SetBackfill } from 'nestjs-backfill';
import { IsNull, type Logger } from 'typeorm';
import { Stage } from '../../support/applications/stage.ts';
import { addLeads, Lead, LEAD_TABLES } from '../../support/tables/lead-tables.ts';

@Backfill<Lead>({
  name: 'leads-search-name',
  entity: Lead,
  where: { searchName: IsNull() },
  workers: 4,
  batchSize: 10,
})
class LeadsSearchName implements SetBackfill<Lead> {
  set() {
    return { searchName: `lower(name)` };
  }
}

describe('a run and the data source of the application', () => {
  const stage = Stage.for({ entities: LEAD_TABLES, backfills: [LeadsSearchName], poolSize: 3 });

  it('names more workers than connections at its start, and leaves TypeORM’s log without a line of its batches', async () => {
    await addLeads(stage.database, 300);
    const queries: string[] = [];
    const logger: Partial<Logger> = { logQuery: (query) => void queries.push(query) };
    Object.assign(stage.application.dataSource, { logger });
    const notes: string[] = [];
    const report = await stage.runAll({ observer: { noted: ({ message }) => void notes.push(message) } });
    expect(report.outcome).toBe('complete');
    expect(report.backfills[0]?.batches).toBeGreaterThan(10);
    expect(notes).toContainEqual(
      expect.stringMatching(/4 workers, but the pool.* 3 connections[\s\S]*poolSize: 6/),
    );
    expect(queries).toEqual([]);
  });
});
