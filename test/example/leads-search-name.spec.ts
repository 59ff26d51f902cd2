import { rehearse, testDatabase, type TestDatabase } from 'nestjs-backfill/testing';
import { LeadsSearchName } from '../../src/backfills/leads-search-name.backfill.js';

describe('LeadsSearchName', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await testDatabase();
    // The application reads the variable when its module is imported or started.
    process.env['DATABASE_URL'] = database.url;
  });

  afterAll(() => database.drop());

  it('fills the empty search names, and keeps the promises of a backfill', async () => {
    const { AppModule } = await import('../../src/app.module.js');
    const rehearsal = await rehearse(LeadsSearchName, {
      imports: [AppModule],
      prepare: (dataSource) => dataSource.synchronize(),
      setUp: (dataSource) => dataSource.query(`INSERT INTO tenants (name) VALUES ('Acme')`),
      rows: [
        { tenantId: 1, firstName: 'Zoë', lastName: 'Ångström', email: 'zoe@example.com' },
        { tenantId: 1, firstName: 'Ada', lastName: 'Lovelace', email: 'ada@example.com' },
        { tenantId: 1, firstName: 'Max', lastName: 'Kept', email: 'max@example.com', searchName: 'max' },
      ],
    });

    expect(rehearsal.changes).toEqual([
      { id: '1', before: { searchName: null }, after: { searchName: 'zoe angstrom' } },
      { id: '2', before: { searchName: null }, after: { searchName: 'ada lovelace' } },
    ]);
    await rehearsal.holds();
  });
});
