import { Controller, Get, type INestApplication } from '@nestjs/common';
import { HealthCheck, HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { Test } from '@nestjs/testing';
import { Backfill, BackfillModule, BackfillService, type SetBackfill } from 'nestjs-backfill';
import { BackfillHealthIndicator, type HealthOptions } from 'nestjs-backfill/operate';
import { IsNull } from 'typeorm';
import { dataSourceModule } from '../support/applications/application.ts';
import { TestDatabase } from '../support/server/database.ts';
import { addLeads, Lead, LEAD_TABLES } from '../support/tables/lead-tables.ts';

@Backfill<Lead>({ name: 'names', entity: Lead, where: { searchName: IsNull() }, maxQuarantined: 1 })
class Names implements SetBackfill<Lead> {
  set() {
    return { searchName: 'name::int::text' };
  }
}

let options: HealthOptions = {};

@Controller('health')
class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly backfills: BackfillHealthIndicator,
  ) {}

  @Get()
  @HealthCheck()
  check() {
    return this.health.check([() => this.backfills.check('backfills', options)]);
  }
}

describe('a controller with HealthCheck of @nestjs/terminus', () => {
  let database: TestDatabase;
  let app: INestApplication;

  beforeAll(async () => {
    database = await TestDatabase.create();
    const module = await Test.createTestingModule({
      imports: [
        dataSourceModule(database, LEAD_TABLES),
        BackfillModule.forRoot({ defaults: { pause: 0 } }),
        TerminusModule.forRoot({ logger: false }),
      ],
      providers: [Names],
      controllers: [HealthController],
    }).compile();
    app = module.createNestApplication({ logger: false });
    await app.listen(0, '127.0.0.1');
  });
  afterAll(async () => {
    await app.close();
    await database.drop();
  });

  const ask = async () => {
    const response = await fetch(`${await app.getUrl()}/health`);
    const { status, details } = (await response.json()) as { status: string; details: { backfills: object } };
    return { ...details.backfills, code: response.status, status };
  };

  it('answers 200 while backfills are up or degraded, with the reasons, and 503 where a rule says down', async () => {
    expect(await ask()).toMatchObject({ code: 200, status: 'ok', state: 'up', reasons: [] });
    await addLeads(database, 5);
    const { backfills } = await app.get(BackfillService).run();
    expect(backfills).toMatchObject([{ status: 'failed' }]);
    expect(await ask()).toMatchObject({
      code: 200,
      status: 'ok',
      state: 'degraded',
      reasons: expect.arrayContaining([expect.stringMatching(/^names: failed\./)]) as string[],
    });
    options = { failed: 'down' };
    expect(await ask()).toMatchObject({ code: 503, status: 'error', state: 'down' });
    options = { failed: 'down', backfills: { names: { failed: 'degraded' } } };
    expect(await ask()).toMatchObject({ code: 200, status: 'ok', state: 'degraded' });
  });
});
