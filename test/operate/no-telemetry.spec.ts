import { Backfill, type SetBackfill } from 'nestjs-backfill';
import { IsNull } from 'typeorm';
import { TestApplication } from '../support/applications/application.ts';
import { ProtocolProxy } from '../support/server/protocol-proxy.ts';
import { TestDatabase } from '../support/server/database.ts';
import { addLeads, Lead, LEAD_TABLES } from '../support/tables/lead-tables.ts';

@Backfill<Lead>({ name: 'names', entity: Lead, where: { searchName: IsNull() }, order: 'key' })
class Names implements SetBackfill<Lead> {
  set() {
    return { searchName: 'lower(name)' };
  }
}

describe('an application with @opentelemetry/api and without an SDK', () => {
  let database: TestDatabase;
  let proxy: ProtocolProxy;
  let application: TestApplication;

  beforeAll(async () => {
    database = await TestDatabase.create();
    proxy = await ProtocolProxy.start(database);
    application = await TestApplication.start({
      database: proxy.database,
      entities: LEAD_TABLES,
      backfills: [Names],
    });
    await addLeads(database, 20);
  });
  afterAll(async () => {
    await application?.stop();
    await proxy?.close();
    await database?.drop();
  });

  it('does not read the position of the WAL, which nobody would see', async () => {
    const statements: string[] = [];
    // The predicate sees each message, and no message meets it.
    void proxy.injectFault('cut', ({ from, name, bytes }) => {
      if (from === 'client' && name === 'Parse') statements.push(bytes.toString('utf8'));
      return false;
    });
    const { outcome } = await application.service.run();
    expect(outcome).toBe('complete');
    expect(statements.some((sql) => sql.includes('UPDATE "nestjs_backfill".range'))).toBe(true);
    expect(statements.filter((sql) => sql.includes('pg_current_wal_insert_lsn'))).toEqual([]);
  });
});
