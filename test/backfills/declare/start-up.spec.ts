import { Test } from '@nestjs/testing';
import { BackfillModule } from 'nestjs-backfill';
import { DataSource } from 'typeorm';
import { TestApplication } from '../../support/applications/application.ts';
import { TestDatabase } from '../../support/server/database.ts';
import { LEAD_TABLES } from '../../support/tables/lead-tables.ts';
import { declared } from '../../support/applications/refusal.ts';
import { OPTIONS, SET } from './declared-lead.ts';

describe('the start of an application', () => {
  it('sends no query, and succeeds before the migrations have run and without the database', async () => {
    const database = await TestDatabase.create();
    const dataSource = new DataSource({
      type: 'postgres',
      url: database.url,
      entities: [...LEAD_TABLES],
      logging: false,
    });
    await dataSource.initialize();
    expect(await database.query(`SELECT FROM pg_class WHERE relname = 'leads'`)).toEqual([]);
    await database.drop();
    const module = await Test.createTestingModule({
      imports: [BackfillModule.forRoot({})],
      providers: [{ provide: DataSource, useValue: dataSource }, declared('One', OPTIONS, SET)],
    }).compile();
    await expect(module.init()).resolves.toBeDefined();
    await module.close();
    await dataSource.destroy();
  });

  it('does not change an empty database', async () => {
    const database = await TestDatabase.create();
    const application = await TestApplication.start({
      database,
      entities: LEAD_TABLES,
      backfills: [declared('One', OPTIONS, SET)],
      synchronize: false,
    });
    expect(
      await database.query(`SELECT nspname FROM pg_namespace WHERE nspname = 'nestjs_backfill'
        UNION ALL SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace`),
    ).toEqual([]);
    await application.stop();
    await database.drop();
  });
});
