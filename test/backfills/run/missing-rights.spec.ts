import { randomUUID } from 'node:crypto';
import { DataSource } from 'typeorm';
import { readMissingRights } from '../../../libs/backfill/src/backfills/run/outcome/missing-rights.reader.ts';
import { Session } from '../../../libs/backfill/src/postgres/session.ts';
import { TestDatabase } from '../../support/server/database.ts';

const LEDGER = 'Ledger of all';

describe('the rights that a role lacks for a backfill, as the statements that grant them', () => {
  const role = `worker_${randomUUID().slice(0, 8)}`;
  let database: TestDatabase;
  let dataSource: DataSource;
  let session: Session;
  beforeAll(async () => {
    database = await TestDatabase.create();
    dataSource = await new DataSource({ type: 'postgres', url: database.url }).initialize();
  });
  afterAll(async () => {
    await dataSource.destroy();
    await database.drop();
  });
  beforeEach(async () => {
    await database.query(`CREATE ROLE "${role}"; CREATE SCHEMA "${LEDGER}"; CREATE SCHEMA hidden;
      CREATE TABLE "${LEDGER}".range (id int); CREATE TABLE "${LEDGER}".backfill (id int); CREATE VIEW "${LEDGER}".seen AS SELECT 1;
      CREATE TABLE hidden.other (id int); CREATE TABLE leads (id int, name text)`);
    session = await Session.open(dataSource);
  });
  afterEach(async () => {
    await session.send([{ text: 'RESET ROLE' }]);
    await session.close();
    await database.query(`DROP SCHEMA "${LEDGER}" CASCADE; DROP SCHEMA hidden CASCADE; DROP TABLE leads;
      DROP OWNED BY "${role}" CASCADE; DROP ROLE "${role}"`);
  });

  async function missing(kind: 'set' | 'purge', granted: readonly string[], table = 'leads') {
    for (const rights of granted) await database.query(`GRANT ${rights} TO "${role}"`);
    await session.send([{ text: `SET ROLE "${role}"` }]);
    const found = await readMissingRights(session, { table, kind }, LEDGER);
    expect(found.role).toBe(role);
    return found.grants.map((sql) => sql.replace(`TO "${role}"`, 'TO worker'));
  }

  const usage = `USAGE ON SCHEMA "${LEDGER}"`;
  const all = `SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "${LEDGER}"`;

  it.each([
    ['set', [], ['SELECT, UPDATE ON leads', usage, all]],
    ['purge', [], ['SELECT, UPDATE, DELETE ON leads', usage, all]],
    ['set', ['SELECT, UPDATE ON leads', usage, all], []],
    ['purge', ['SELECT, UPDATE, DELETE ON leads', usage, all], []],
    ['purge', ['SELECT, UPDATE ON leads', usage, all], ['DELETE ON leads']],
    ['set', ['SELECT ON leads', usage, all], ['UPDATE ON leads']],
    ['set', ['SELECT (id), UPDATE (name) ON leads', usage, all], []],
    ['set', ['SELECT, UPDATE ON leads', usage], [all]],
    ['set', ['SELECT, UPDATE ON leads', all], [usage]],
    ['set', ['SELECT, UPDATE ON leads', usage, `SELECT, INSERT, UPDATE, DELETE ON "${LEDGER}".range`], [all]],
    [
      'set',
      ['SELECT, UPDATE ON leads', usage, `SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA "${LEDGER}"`],
      [all],
    ],
  ] as const)('of a %s backfill with %j: %j', async (kind, granted, lacking) => {
    expect(await missing(kind, granted)).toEqual(lacking.map((rights) => `GRANT ${rights} TO worker`));
  });

  it('has none on the table if it does not exist', async () => {
    expect(await missing('set', [usage, all], 'nothing')).toEqual([]);
  });
});
