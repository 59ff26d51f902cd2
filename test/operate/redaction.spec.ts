import {
  Backfill,
  BackfillRetryError,
  BackfillService,
  IndexesService,
  MigrationsService,
  OnlineIndex,
  SchemaMigration,
  type BackfillModuleOptions,
  type BackfillObserver,
  type SetBackfill,
} from 'nestjs-backfill';
import { InvalidBackfillOptionError } from 'nestjs-backfill/errors';
import { BackfillRecords } from 'nestjs-backfill/operate';

import { IsNull, type QueryRunner } from 'typeorm';
import { renderReportJson } from '../../libs/backfill/src/one-shot/output/json/json.renderer.ts';
import { renderReport } from '../../libs/backfill/src/one-shot/output/text/report.renderer.ts';
import { TestApplication } from '../support/applications/application.ts';
import { TestDatabase } from '../support/server/database.ts';
import { Lead, LEAD_TABLES } from '../support/tables/lead-tables.ts';

/** What no log, no record and no report may contain. */
const SECRET = 'ann@example.com';

@Backfill<Lead>({ name: 'by-database', entity: Lead, where: { searchName: IsNull() } })
class ByDatabase implements SetBackfill<Lead> {
  set() {
    return { searchName: 'name' };
  }
}
@Backfill<Lead>({
  name: 'by-code',
  entity: Lead,
  where: { lastCallDirection: IsNull() },
  reads: ['name'],
  writes: ['lastCallDirection'],
})
class ByCode {
  transform(rows: readonly Pick<Lead, 'name'>[]) {
    return rows.map(({ name }): { lastCallDirection: string } => {
      throw new RangeError(`no direction of ${name}`);
    });
  }
}
@Backfill<Lead>({
  name: 'by-service',
  entity: Lead,
  where: { lastCallDirection: IsNull() },
  reads: ['name'],
  writes: ['lastCallDirection'],
})
class ByService {
  transform(rows: readonly Pick<Lead, 'name'>[]): { lastCallDirection: string }[] {
    throw new BackfillRetryError(`no answer for ${rows[0]?.name}`, new Error(`refused ${rows[0]?.name}`));
  }
}
@Backfill<Lead>({ name: 'failing', entity: Lead, kind: 'purge', where: `name::int > 0` })
class Failing {}

@OnlineIndex<Lead>({ name: 'leads_one_name', entity: Lead, columns: ['name'], unique: true })
class OneName {}

class Fails1700000000001 extends SchemaMigration {
  static override readonly locks = 'off';
  override async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE leads ADD CONSTRAINT one UNIQUE (name)');
  }
  override async down(): Promise<void> {}
}

describe('the texts of errors, with the option `redact`', () => {
  let database: TestDatabase;
  let application: TestApplication | undefined;
  beforeEach(async () => {
    database = await TestDatabase.create();
  });
  afterEach(async () => {
    await application?.stop();
    application = undefined;
    await database.drop();
  });

  /** Everything that leaves the library in a run of each phase. */
  async function outputOf(redact: BackfillModuleOptions['redact']): Promise<string> {
    const started = (application = await TestApplication.start({
      database,
      entities: LEAD_TABLES,
      backfills: [ByDatabase, ByCode, Failing, ByService],
      providers: [OneName],
      migrations: [Fails1700000000001],
      module: { ...(redact === undefined ? {} : { redact }) },
    }));
    await database.query(
      `ALTER TABLE leads ADD CONSTRAINT no_mail CHECK (search_name NOT LIKE '%@%');
       INSERT INTO leads (name) VALUES ('${SECRET}'), ('${SECRET}')`,
    );
    const lines: string[] = [];
    const log = {
      log: (line: string) => void lines.push(line),
      warn: (line: string) => void lines.push(line),
    };
    const observer: BackfillObserver = {
      waiting: (event) => void lines.push(JSON.stringify(event)),
      noted: (event) => void lines.push(JSON.stringify(event)),
      quarantined: (event) => void lines.push(JSON.stringify(event)),
      finished: (event) => void lines.push(JSON.stringify(event)),
    };
    const { context, service } = started;
    const report = await service.run({ names: ['by-database', 'by-code', 'failing'], observer });
    await runUntilRetried(service, observer);
    const migrated = await context.get(MigrationsService).run({ log });
    const indexes = await context.get(IndexesService).run({ log });
    const records = context.get(BackfillRecords);
    const ledger = await database.query(
      `SELECT reason, error, error_code FROM nestjs_backfill.backfill NATURAL FULL JOIN nestjs_backfill.quarantined_row`,
    );
    return [
      ...lines,
      JSON.stringify(report.backfills.map(({ reason, status }) => ({ reason, status }))),
      ...[report, migrated, indexes].flatMap((each) => [renderReportJson(each), renderReport(each)]),
      JSON.stringify(await service.status()),
      JSON.stringify(await records.overview()),
      JSON.stringify(await records.history('failing')),
      JSON.stringify(await records.quarantine('by-code')),
      JSON.stringify(ledger),
      JSON.stringify(await database.query('SELECT reason FROM nestjs_backfill.event')),
    ].join('\n');
  }

  /** The batch is tried again until the test stops the run. */
  async function runUntilRetried(service: BackfillService, observer: BackfillObserver): Promise<void> {
    const stop = new AbortController();
    await service.run({
      names: ['by-service'],
      signal: stop.signal,
      observer: {
        ...observer,
        noted: (event) => {
          observer.noted?.(event);
          if (event.message.includes('tried again')) stop.abort('the test');
        },
      },
    });
  }

  it('contain the values of rows without it, or this test would show nothing', async () => {
    expect((await outputOf(undefined)).split(SECRET).length).toBeGreaterThan(5);
  });

  it('are, with true, the SQLSTATE and the names of constraint, table and column, and the class of other errors', async () => {
    const output = await outputOf(true);
    expect(output).not.toContain(SECRET);
    expect(output).toContain('SQLSTATE 23514, constraint \\"no_mail\\", table \\"leads\\"');
    expect(output).toContain('RangeError (its text is redacted)');
    expect(output).toContain('SQLSTATE 22P02');
    expect(output).toContain('SQLSTATE 23505');
  });

  it("are redacted too where a backfill throws a BackfillRetryError, whose text is the application's", async () => {
    const output = await outputOf(true);
    expect(output).toContain('tried again (attempt 1): BackfillRetryError (its text is redacted)');
  });

  it('are what a function returns, which knows where the text comes from', async () => {
    const contexts = new Set<string>();
    const output = await outputOf((text, { source, code, constraint }) => {
      contexts.add(`${source} ${code} ${constraint}`);
      return text.replaceAll(SECRET, '<mail>');
    });
    expect(output).not.toContain(SECRET);
    expect(output).toContain('no direction of <mail>');
    expect(output).toContain('no answer for <mail>');
    expect([...contexts]).toEqual(
      expect.arrayContaining(['database 23514 no_mail', 'code null null', 'database 22P02 null']),
    );
  });

  it('have no value of a row if the function throws or returns no text', async () => {
    let calls = 0;
    const output = await outputOf(() => {
      if (++calls % 2 === 0) throw new TypeError(SECRET);
      return undefined as never;
    });
    expect(calls).toBeGreaterThan(2);
    expect(output).not.toContain(SECRET);
    expect(output).toContain('SQLSTATE 23514');
  });

  it('are not redacted after the application has ended', async () => {
    await outputOf(true);
    await application?.stop();
    application = undefined;
    await database.drop();
    database = await TestDatabase.create();
    expect(await outputOf(undefined)).toContain(SECRET);
  });

  it('is true or a function', async () => {
    await expect(
      TestApplication.start({ database, entities: [], backfills: [], module: { redact: 'yes' as never } }),
    ).rejects.toThrow(InvalidBackfillOptionError);
  });
});
