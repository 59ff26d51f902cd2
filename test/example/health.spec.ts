import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { TypeOrmModule } from '@nestjs/typeorm';
import { HealthController } from '../../src/health/health.controller.ts';
import { crmOptions } from '../support/tables/crm.ts';
import { TestDatabase } from '../support/server/database.ts';

describe('GET /health of the example application', () => {
  let database: TestDatabase;
  let app: INestApplication;
  const health = async () => {
    const { port } = new URL((await app.getUrl()).replace('[::1]', '127.0.0.1'));
    return fetch(`http://127.0.0.1:${port}/health`);
  };

  beforeAll(async () => {
    database = await TestDatabase.create();
    const module = await Test.createTestingModule({
      imports: [TypeOrmModule.forRoot(crmOptions(database))],
      controllers: [HealthController],
    }).compile();
    app = module.createNestApplication({ logger: false });
    await app.listen(0, '127.0.0.1');
  });
  afterAll(() => app?.close());

  it('answers while the database does, and fails with status 500 when the database is gone', async () => {
    const healthy = await health();
    expect([healthy.status, await healthy.json()]).toEqual([200, { status: 'ok' }]);
    await database.drop();
    expect((await health()).status).toBe(500);
  });
});
