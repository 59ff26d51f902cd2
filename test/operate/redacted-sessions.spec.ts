import { Backfill, OnlineIndex, IndexesService, MigrationsService, SchemaMigration } from 'nestjs-backfill';
import { IsNull, type QueryRunner } from 'typeorm';
import { TestApplication } from '../support/applications/application.ts';
import { TestDatabase } from '../support/server/database.ts';
import { LockHolder } from '../support/server/lock-holder.ts';
import { addLeads, Lead, LEAD_TABLES } from '../support/tables/lead-tables.ts';

/** What the query of the other session contains. */
const SECRET = 'jane.doe@example.org';

@Backfill<Lead>({ name: 'search-name', entity: Lead, where: { searchName: IsNull() }, lockTimeout: 100 })
class SearchName {
  set() {
    return { searchName: 'name' };
  }
}
@OnlineIndex<Lead>({ name: 'leads_name', entity: Lead, columns: ['name'] })
class LeadsByName {}

class AddNote1700000000001 extends SchemaMigration {
  override async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE leads ADD COLUMN note text');
  }
  override async down(): Promise<void> {}
}

describe('the query of the session that holds a lock', () => {
  let database: TestDatabase;
  let application: TestApplication | undefined;
  beforeEach(async () => {
    database = await TestDatabase.create();
  });
  afterEach(async () => {
    await LockHolder.releaseAll();
    await application?.stop();
    application = undefined;
    await database.drop();
  });

  /** Everything that leaves the library while another session holds the lock of a row. */
  async function outputOf(redact: boolean): Promise<string> {
    const { service, context } = (application = await TestApplication.start({
      database,
      entities: LEAD_TABLES,
      backfills: [SearchName],
      providers: [LeadsByName],
      migrations: [AddNote1700000000001],
      module: {
        ...(redact ? { redact: true } : {}),
        migrations: { policy: { lockTimeout: 100, lockAttempts: 2, lockBackoff: 100 } },
      },
    }));
    await addLeads(database, 3);
    await LockHolder.hold(database, `UPDATE leads SET name = '${SECRET}' WHERE id = 2`);
    const lines: string[] = [];
    const log = {
      log: (line: string) => void lines.push(line),
      warn: (line: string) => void lines.push(line),
    };
    const report = await service.run({
      observer: {
        waiting: (event) => void lines.push(JSON.stringify(event)),
        noted: (event) => void lines.push(JSON.stringify(event)),
      },
    });
    const indexes = await context.get(IndexesService).run({ log, maxWait: 1_500 });
    const migrated = await context.get(MigrationsService).run({ log });
    return [
      ...lines,
      JSON.stringify([report, await service.status(), indexes, migrated]),
      ...[indexes, migrated].flatMap(({ dataSources }) =>
        (dataSources as readonly object[]).map((each) => JSON.stringify(each, messagesOf)),
      ),
      JSON.stringify(await database.query('SELECT waiting_for, reason FROM nestjs_backfill.backfill')),
    ].join('\n');
  }

  /** Errors with what they hold: JSON has none of their messages. */
  const messagesOf = (_: string, value: unknown): unknown =>
    value instanceof Error ? { ...value, message: value.message } : value;

  it('is in the reasons of a run, an index and a migration without it, or this test would show nothing', async () => {
    expect((await outputOf(false)).split(SECRET).length).toBeGreaterThan(5);
  });

  it('is left out with the option `redact`, and the session is still named', async () => {
    const output = await outputOf(true);
    expect(output).not.toContain(SECRET);
    expect(output).toContain('(a report), idle in transaction, transaction open for');
  });
});
