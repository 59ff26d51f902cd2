import { rehearse, testDatabase, type TestDatabase } from 'nestjs-backfill/testing';
import { AppModule } from '../../src/app.module.js';
import { LeadsSearchName } from '../../src/backfills/leads-search-name.backfill.js';

/** A limit that only detects a hang: the first test starts a server. */
const LIMIT_MS = 120_000;

describe('LeadsSearchName', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await testDatabase();
    // The data source reads the variable when the application starts.
    process.env['DATABASE_URL'] = database.url;
  }, LIMIT_MS);

  afterAll(() => database?.drop(), LIMIT_MS);

  it(
    'fills the empty search names, and keeps the promises of a backfill',
    async () => {
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
    },
    LIMIT_MS,
  );
});
