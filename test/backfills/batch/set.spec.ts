import { Backfill, type SetBackfill } from 'nestjs-backfill';
import { Column, Entity, IsNull, PrimaryGeneratedColumn } from 'typeorm';
import { TestApplication } from '../../support/application.ts';
import { TestDatabase } from '../../support/database.ts';

@Entity('leads')
class Lead {
  @PrimaryGeneratedColumn({ type: 'bigint' })
  id!: string;

  @Column({ type: 'int', name: 'tenant_id' })
  tenantId!: number;

  @Column({ type: 'text' })
  name!: string;

  @Column({ type: 'text', name: 'search_name', nullable: true })
  searchName!: string | null;
}

@Backfill<Lead>({
  name: 'leads-search-name',
  entity: Lead,
  where: { searchName: IsNull() },
  tenant: 'tenantId',
})
class LeadsSearchName implements SetBackfill<Lead> {
  set() {
    return { searchName: 'lower(name)' };
  }
}

describe('a set backfill', () => {
  let database: TestDatabase;
  let application: TestApplication;

  beforeAll(async () => {
    database = await TestDatabase.create();
    application = await TestApplication.start({ database, entities: [Lead], backfills: [LeadsSearchName] });
    await database.query(
      `INSERT INTO leads (tenant_id, name) SELECT i % 7, 'Lead ' || i FROM generate_series(1, 2345) AS i`,
    );
  });

  afterAll(async () => {
    await application.stop();
    await database.drop();
  });

  it('changes every pending row and proves it', async () => {
    const report = await application.service.run();
    expect(report).toMatchObject({
      outcome: 'complete',
      backfills: [{ status: 'complete', updated: 2345, remaining: 0, proved: true }],
    });
    expect(
      await database.query('SELECT id FROM leads WHERE search_name IS DISTINCT FROM lower(name)'),
    ).toEqual([]);
  });

  it('finds nothing to do the second time', async () => {
    expect(await application.service.run()).toMatchObject({
      outcome: 'nothing-to-do',
      backfills: [{ updated: 0, nothingToDo: true }],
    });
  });
});
