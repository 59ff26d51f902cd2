import { Backfill, type ProcessBackfill, type ProcessBatch, type TransformBackfill } from 'nestjs-backfill';
import { IsNull, type EntityManager } from 'typeorm';
import { Stage } from '../../support/applications/stage.ts';
import { addLeads, Lead, LEAD_TABLES } from '../../support/tables/lead-tables.ts';

@Backfill<Lead>({ name: 'by-process', entity: Lead, where: { searchName: IsNull() }, reads: ['id'] })
class ByProcess implements ProcessBackfill<Lead> {
  static query = '';
  async process(_: ProcessBatch<Lead>, manager: EntityManager): Promise<void> {
    await manager.query(ByProcess.query);
  }
}

@Backfill<Lead>({
  name: 'by-transform',
  entity: Lead,
  where: { searchName: IsNull() },
  reads: ['id'],
  writes: ['searchName'],
})
class ByTransform implements TransformBackfill<Lead> {
  async transform(): Promise<never> {
    return stage.application.dataSource.query<never>(ByProcess.query);
  }
}

const stage = Stage.for({
  entities: LEAD_TABLES,
  backfills: [ByProcess, ByTransform],
  prepare: (database) => addLeads(database, 20),
});

describe('a query of the code of a class that fails', () => {
  it.each([
    ['SELECT nothing FROM leads', 'If a migration adds it, run the schema migrations first'],
    ['SELECT * FROM nowhere', 'Otherwise correct the query in the code of the class.'],
    ['SELEC 1', 'Correct the query in the code of the class.'],
    ['SELECT no_function(1)', 'If an extension provides the function, install the extension'],
  ])('is not explained as a fault of `where`: %s', async (query, remedy) => {
    ByProcess.query = query;
    for (const name of ['by-process', 'by-transform']) {
      const { status, reason } = await stage.run(name);
      expect(status).toBe('failed');
      expect(reason).toContain('a query of its transform() or process() fails: ');
      expect(reason).toContain(remedy);
      expect(reason).not.toMatch(/`where`|predicate|accept its statement/);
    }
  });
});
