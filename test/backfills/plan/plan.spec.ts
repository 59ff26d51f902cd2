import {
  Backfill,
  type CopyBackfill,
  type ProcessBackfill,
  type RowColumns,
  type SetBackfill,
} from 'nestjs-backfill';
import { InvalidStatementError } from 'nestjs-backfill/errors';
import { IsNull } from 'typeorm';
import { TestApplication } from '../../support/applications/application.ts';
import { TestDatabase } from '../../support/server/database.ts';
import { addLeads, Contact, Lead, LEAD_TABLES } from '../../support/tables/lead-tables.ts';

const PENDING = { entity: Lead, where: { searchName: IsNull() }, batchSize: 100 };

@Backfill<Lead>({ ...PENDING, name: 'set', tenant: 'tenantId', pause: 10 })
class Set implements SetBackfill<Lead> {
  set() {
    return { searchName: 'lower(name)' };
  }
}

@Backfill<Lead>({ ...PENDING, name: 'copy', into: Contact })
class Copy implements CopyBackfill<Lead, Contact> {
  copy(row: RowColumns<Lead>) {
    return { leadId: row.id, label: row.name };
  }
}

@Backfill<Lead>({ ...PENDING, name: 'purge', kind: 'purge' })
class Purge {}

@Backfill<Lead>({ ...PENDING, name: 'process' })
class Process implements ProcessBackfill<Lead> {
  async process(): Promise<void> {
    throw new Error('A plan never runs this.');
  }
}

@Backfill<Lead>({ ...PENDING, name: 'misspelt' })
class Misspelt implements SetBackfill<Lead> {
  set() {
    return { searchName: 'lower(nmae)' };
  }
}

/** The backfills whose SQL is valid. */
const VALID = ['set', 'copy', 'purge', 'process'];

describe('a plan', () => {
  let database: TestDatabase;
  let application: TestApplication;

  beforeAll(async () => {
    database = await TestDatabase.create();
    application = await TestApplication.start({
      database,
      entities: LEAD_TABLES,
      backfills: [Set, Copy, Purge, Process, Misspelt],
    });
    await addLeads(database, 250, 2);
    await database.query(`CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
      CREATE TRIGGER touch BEFORE UPDATE ON leads FOR EACH ROW EXECUTE FUNCTION nothing();
      CREATE TRIGGER audit AFTER INSERT OR DELETE ON leads FOR EACH STATEMENT EXECUTE FUNCTION nothing();
      CREATE TRIGGER welcome AFTER INSERT ON contacts FOR EACH ROW EXECUTE FUNCTION nothing();
      CREATE TRIGGER switched_off BEFORE UPDATE ON leads FOR EACH ROW EXECUTE FUNCTION nothing();
      ALTER TABLE leads DISABLE TRIGGER switched_off`);
  });

  afterAll(async () => {
    await application.stop();
    await database.drop();
  });

  /** Every row with the transaction that made it, and every object of the database. */
  const databaseContent = () =>
    database.query(`SELECT 'row' AS what, xmin::text || ctid::text || leads::text AS it FROM leads
      UNION ALL SELECT 'row', xmin::text || ctid::text || contacts::text FROM contacts
      UNION ALL SELECT 'relation', oid::text || relname FROM pg_class WHERE relnamespace <> 'pg_toast'::regnamespace
      UNION ALL SELECT 'schema', oid::text || nspname FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_%temp%'
      UNION ALL SELECT 'function', oid::text || proname FROM pg_proc ORDER BY 1, 2`);
  const plan = async (name: string, tenants?: readonly string[]) => {
    const found = await application.service.plan({ names: [name], ...(tenants ? { tenants } : {}) });
    return found.plan[0];
  };

  it('changes no row and installs no ledger', async () => {
    const before = await databaseContent();
    const { plan } = await application.service.plan({ names: VALID });
    expect(plan.map(({ name, status }) => [name, status])).toEqual([
      ['set', 'pending'],
      ['copy', 'pending'],
      ['purge', 'pending'],
      ['process', 'pending'],
    ]);
    // The batch ran and was rolled back.
    expect(plan[0]?.measuredRowsPerSecond).toBeGreaterThan(0);
    expect(await databaseContent()).toEqual(before);
  });

  it('does not change the ledger of a backfill that has run', async () => {
    await application.service.run({ names: ['set'], maxDurationMs: 0 });
    const ledger = () =>
      database.query(`SELECT xmin::text, b::text FROM nestjs_backfill.backfill AS b
        UNION ALL SELECT xmin::text, r::text FROM nestjs_backfill.range AS r
        UNION ALL SELECT xmin::text, t::text FROM nestjs_backfill.transition AS t ORDER BY 2`);
    const before = await ledger();
    expect(before.length).toBeGreaterThan(0);
    await application.service.plan({ names: VALID });
    expect(await ledger()).toEqual(before);
  });

  it('shows the pending rows, the batches, the measured rate and the estimated duration', async () => {
    const planned = await plan('set');
    expect(planned).toMatchObject({
      name: 'set',
      version: 1,
      kind: 'set',
      table: '"leads"',
      pending: 250,
      pendingIsEstimate: false,
      batchSize: 100,
      batches: 3,
    });
    const rate = planned?.measuredRowsPerSecond ?? 0;
    expect(rate).toBeGreaterThan(0);
    expect(planned?.estimatedMs).toBe(planned?.prediction?.ms);
    expect((await plan('copy'))?.estimatedMs).toBeGreaterThan(0);
    expect(await plan('set', ['1'])).toMatchObject({ pending: 125, batches: 2 });
  });

  it('shows the exact SQL of one batch and its EXPLAIN', async () => {
    const planned = await plan('set');
    expect(planned?.sql).toContain('"search_name" = (lower(name)');
    expect(planned?.sql).toMatch(/UPDATE ("public"\.)?"leads" AS "this_row" SET/);
    const highest = Math.max(...[...(planned?.sql.matchAll(/\$(\d+)/g) ?? [])].map(([, at]) => Number(at)));
    expect(planned?.parameters).toHaveLength(highest);
    expect(planned?.explain.join('\n')).toMatch(/Update on leads/);
    expect(planned?.explain.join('\n')).not.toMatch(/Seq Scan on leads/);
  });

  it('names the index that serves the predicate', async () => {
    expect(await plan('set')).toMatchObject({ index: null, warnings: [] });
    await database.query('CREATE INDEX leads_to_do ON leads (id) WHERE search_name IS NULL');
    expect(await plan('set')).toMatchObject({ index: 'leads_to_do' });
    await database.query('DROP INDEX leads_to_do; CREATE INDEX leads_by_search_name ON leads (search_name)');
    expect(await plan('set')).toMatchObject({ index: 'leads_by_search_name' });
    await database.query('DROP INDEX leads_by_search_name');
  });

  it('names the triggers that the changes of the written table fire', async () => {
    expect((await plan('set'))?.triggers).toEqual(['touch (BEFORE UPDATE, each row)']);
    expect((await plan('copy'))?.triggers).toEqual(['welcome (AFTER INSERT, each row)']);
    expect((await plan('purge'))?.triggers).toEqual(['audit (AFTER INSERT OR DELETE, each statement)']);
  });

  it('does not run process(), and warns about that', async () => {
    expect(await plan('process')).toMatchObject({
      measuredRowsPerSecond: null,
      estimatedMs: null,
      warnings: expect.arrayContaining([expect.stringContaining('process() was not run')]) as string[],
    });
  });

  it('rejects SQL that PostgreSQL does not accept, with the backfill, the error and the remedy', async () => {
    const plan = application.service.plan({ names: ['misspelt'] });
    await expect(plan).rejects.toThrow(InvalidStatementError);
    await expect(plan).rejects.toThrow(/"misspelt".*column "nmae" does not exist[^]*correct the SQL/);
  });

  it('measures the other rows of a batch if some cannot be changed, and names these', async () => {
    await database.query(`ALTER TABLE leads ADD CONSTRAINT not_third CHECK (id <> 3 OR search_name IS NULL)`);
    const { measuredRowsPerSecond, warnings } = (await plan('set')) ?? {};
    expect(measuredRowsPerSecond).toBeGreaterThan(0);
    expect(warnings?.join('\n')).toMatch(
      /rehearsed batch failed.* 1 of the first \d+ rows cannot be changed, and would go to quarantine. By key: 3: .*"not_third"/,
    );
    await database.query('ALTER TABLE leads DROP CONSTRAINT not_third');
  });

  it('shows the error of a batch that would fail', async () => {
    await database.query(`ALTER TABLE leads ADD CONSTRAINT short CHECK (length(search_name) < 5)`);
    expect(await plan('set')).toMatchObject({
      measuredRowsPerSecond: null,
      warnings: expect.arrayContaining([
        expect.stringMatching(/rehearsed batch failed.*"short"/),
      ]) as string[],
    });
    await database.query('ALTER TABLE leads DROP CONSTRAINT short');
  });
});
