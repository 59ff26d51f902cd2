import { Injectable, Module } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import {
  Backfill,
  BackfillModule,
  type BackfillModuleOptions,
  BackfillService,
  type SetBackfill,
} from 'nestjs-backfill';
import { ImportedTwiceError } from 'nestjs-backfill/errors';
import { IsNull } from 'typeorm';
import { dataSourceModule, TestApplication } from '../support/applications/application.ts';
import { TestDatabase } from '../support/server/database.ts';
import { addLeads, Lead, LEAD_TABLES } from '../support/tables/lead-tables.ts';
import { refusal } from '../support/applications/refusal.ts';

const SEARCH_NAME = { entity: Lead, where: { searchName: IsNull() } };

@Backfill<Lead>({ ...SEARCH_NAME, name: 'here' })
class Here implements SetBackfill<Lead> {
  set() {
    return { searchName: `'here'` };
  }
}

@Backfill<Lead>({ ...SEARCH_NAME, name: 'there', dataSource: 'archive', dependsOn: ['here'] })
class There implements SetBackfill<Lead> {
  set() {
    return { searchName: `'there'` };
  }
}

/** A feature module. */
@Module({ providers: [Here, { provide: 'an alias', useExisting: Here }] })
class LeadsModule {}

@Injectable()
class Settings {
  readonly schema = 'ledger of "mine"';
}

@Module({ providers: [Settings], exports: [Settings] })
class SettingsModule {}

const ledgerSchemas = `SELECT nspname AS schema FROM pg_namespace AS n
  WHERE EXISTS (SELECT FROM pg_class WHERE relnamespace = n.oid AND relname = 'installed_step')`;

describe('an application', () => {
  let database: TestDatabase;
  let archive: TestDatabase;
  let application: TestApplication | undefined;

  beforeEach(async () => {
    [database, archive] = await Promise.all([TestDatabase.create(), TestDatabase.create()]);
  });

  afterEach(async () => {
    await application?.stop();
    await Promise.all([database.drop(), archive.drop()]);
  });

  it('can provide backfills in feature modules; the options of forRoot apply to them', async () => {
    application = await TestApplication.start({
      database,
      entities: LEAD_TABLES,
      backfills: [],
      imports: [LeadsModule],
      module: { schema: 'my ledger' },
    });
    await addLeads(database, 3);
    expect(application.service.names).toEqual(['here']);
    expect(await application.service.run()).toMatchObject({
      outcome: 'complete',
      backfills: [{ updated: 3 }],
    });
    expect(await database.query(ledgerSchemas)).toEqual([{ schema: 'my ledger' }]);
  });

  it('can create its options from injected providers with forRootAsync', async () => {
    application = await TestApplication.start({
      database,
      entities: LEAD_TABLES,
      backfills: [],
      imports: [LeadsModule],
      backfillModule: BackfillModule.forRootAsync({
        imports: [SettingsModule],
        inject: [Settings],
        useFactory: async ({ schema }: Settings) => ({ schema, defaults: { batchSize: 2, pause: 0 } }),
      }),
    });
    await addLeads(database, 3);
    expect(await application.service.run()).toMatchObject({
      outcome: 'complete',
      backfills: [{ batches: 2 }],
    });
    expect(await database.query(ledgerSchemas)).toEqual([{ schema: 'ledger of "mine"' }]);
  });

  it('can inject the service into any module', async () => {
    @Injectable()
    class Admin {
      constructor(readonly backfills: BackfillService) {}
    }
    @Module({ providers: [Admin] })
    class AdminModule {}
    application = await TestApplication.start({
      database,
      entities: LEAD_TABLES,
      backfills: [],
      imports: [LeadsModule, AdminModule],
    });
    expect(application.context.get(Admin, { strict: false }).backfills.names).toEqual(['here']);
  });

  it('sends no query if it has no backfills', async () => {
    application = await TestApplication.start({ database, entities: LEAD_TABLES, backfills: [] });
    expect(await application.service.run()).toEqual({
      phase: 'backfill',
      outcome: 'nothing-to-do',
      reason: expect.stringContaining('No backfill is declared') as string,
      backfills: [],
    });
    expect(await application.service.status()).toEqual({ phase: 'backfill', backfills: [] });
    expect(await database.query(ledgerSchemas)).toEqual([]);
  });

  it('can have two data sources, each with its own ledger', async () => {
    application = await TestApplication.start({
      database,
      entities: LEAD_TABLES,
      backfills: [There],
      imports: [LeadsModule, dataSourceModule(archive, LEAD_TABLES, { name: 'archive' })],
    });
    await addLeads(database, 3);
    await addLeads(archive, 5);
    const waiting = await application.service.run({ names: ['there'] });
    expect(waiting).toMatchObject({
      outcome: 'incomplete',
      backfills: [{ name: 'there', updated: 0, waitingFor: 'the backfill "here"' }],
    });
    expect(await application.service.run()).toMatchObject({
      outcome: 'complete',
      backfills: [
        { name: 'here', updated: 3 },
        { name: 'there', updated: 5 },
      ],
    });
    const values = 'SELECT DISTINCT search_name FROM leads';
    expect(await database.query(values)).toEqual([{ search_name: 'here' }]);
    expect(await archive.query(values)).toEqual([{ search_name: 'there' }]);
    const recorded = 'SELECT name, status FROM nestjs_backfill.backfill';
    expect(await database.query(recorded)).toEqual([{ name: 'here', status: 'complete' }]);
    expect(await archive.query(recorded)).toEqual([{ name: 'there', status: 'complete' }]);
    expect((await application.service.status()).backfills).toMatchObject([
      { name: 'here', status: 'complete', updated: 3 },
      { name: 'there', status: 'complete', updated: 5 },
    ]);
  });
});

describe('BackfillModule.forRoot', () => {
  it.each<[string, BackfillModuleOptions]>([
    ['without options', {}],
    ['with catch-up', { catchUp: { interval: 60_000 } }],
  ])('stops the start with one error if it is imported twice %s', async (_, module) => {
    const database = await TestDatabase.create();
    const imports = [ScheduleModule.forRoot(), BackfillModule.forRoot(module)];
    const error = await refusal({ database, entities: LEAD_TABLES, backfills: [Here], imports, module });
    await database.drop();
    expect(error).toBeInstanceOf(ImportedTwiceError);
    expect(error.message).toMatch(/^BackfillModule\.forRoot is imported twice\.\s+→ Import it once/);
  });

  it('can be called once and imported by several modules', async () => {
    const database = await TestDatabase.create();
    const shared = BackfillModule.forRoot();
    @Module({ imports: [shared] })
    class Feature {}
    const application = await TestApplication.start({
      database,
      entities: LEAD_TABLES,
      backfills: [Here],
      imports: [Feature],
      backfillModule: shared,
    });
    await application.stop();
    await database.drop();
    expect(application.service.names).toEqual(['here']);
  });
});
