import { Test } from '@nestjs/testing';
import { TypeOrmModule } from '@nestjs/typeorm';
import {
  BackfillModule,
  BackfillService,
  IndexesService,
  MigrationsService,
  OnlineIndex,
  SchemaMigration,
} from 'nestjs-backfill';
import type { QueryRunner } from 'typeorm';
import { DoJobs, Job, JobLog } from '../fixtures/jobs-app/jobs.mjs';
import { addJobs } from '../support/applications/jobs.ts';
import { until } from '../support/runs/until.ts';
import { TestDatabase } from '../support/server/database.ts';

/** Called while the migration runs. */
let duringMigration: () => Promise<void> = () => Promise.resolve();

class Slow1700000000001 extends SchemaMigration {
  override async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('CREATE TABLE made_slowly (id int)');
    await duringMigration();
  }
  override async down(): Promise<void> {}
}

@OnlineIndex({ name: 'jobs_note', entity: Job, columns: ['note'] })
class JobsByNote {}

describe('a password that is rotated in mid-run, with `password: () => token`', () => {
  let database: TestDatabase;
  let password: string;
  let stop: () => Promise<void> = () => Promise.resolve();
  beforeEach(async () => {
    database = await TestDatabase.create();
  });
  afterEach(async () => {
    await stop();
    await database.drop();
  });

  async function rotate(): Promise<void> {
    password = `after ${password}`;
    await database.query(`ALTER ROLE ${login().username} PASSWORD '${password}'`);
  }
  let url: URL;
  const login = () => ({ host: url.hostname, port: Number(url.port), username: url.username });

  async function start() {
    url = new URL((await database.asPlainRole()).url);
    password = url.password;
    const module = await Test.createTestingModule({
      imports: [
        TypeOrmModule.forRoot({
          ...{ type: 'postgres', ...login(), database: database.name, password: () => password },
          ...{
            entities: [Job, JobLog],
            migrations: [Slow1700000000001],
            synchronize: true,
            retryAttempts: 1,
          },
        }),
        BackfillModule.forRoot({ defaults: { pause: 0 }, leaseDuration: 1_000 }),
      ],
      providers: [DoJobs, JobsByNote],
    }).compile();
    const context = await module.init();
    stop = () => context.close();
    return context;
  }

  /** Waits until the lease was renewed twice since now. */
  async function renewedTwice(table: string, column: string): Promise<void> {
    const expiries = new Set<string>();
    await until(async () => {
      const [row] = await database.query<{ at: string }>(
        `SELECT max(${column})::text AS at FROM nestjs_backfill.${table} WHERE ${column} > clock_timestamp()`,
      );
      if (row?.at) expiries.add(row.at);
      return expiries.size > 2;
    });
  }

  it('does not end the lease of a migration: its renewals use the new password', async () => {
    const context = await start();
    duringMigration = async () => {
      await rotate();
      await renewedTwice('deploy_lease', 'expires_at');
    };
    expect(await context.get(MigrationsService).run()).toMatchObject({ outcome: 'done' });
  });

  it('does not end the lease of a batch whose code takes long', async () => {
    const context = await start();
    await addJobs(database, 5);
    DoJobs.before = async () => {
      await rotate();
      await renewedTwice('range', 'lease_expires_at');
    };
    try {
      const { backfills } = await context.get(BackfillService).run();
      expect(backfills[0]).toMatchObject({ status: 'complete', updated: 5 });
    } finally {
      DoJobs.before = () => undefined;
    }
  });

  it('does not end the lease of an index build that takes long', async () => {
    const context = await start();
    await context.get(BackfillService).status();
    // The build waits for this transaction.
    const writer = await database.connect('a writer');
    await writer.query(`BEGIN; INSERT INTO jobs (note) VALUES ('open')`);
    const log = { log: () => undefined, warn: (line: string) => void warnings.push(line) };
    const warnings: string[] = [];
    const built = context.get(IndexesService).run({ log });
    try {
      await until(
        async () =>
          (await database.query(`SELECT FROM pg_stat_progress_create_index WHERE relid = 'jobs'::regclass`))
            .length > 0,
      );
      await rotate();
      await renewedTwice('deploy_lease', 'expires_at');
    } finally {
      await writer.query('COMMIT');
      await writer.end();
    }
    expect(await built).toMatchObject({ outcome: 'done', dataSources: [{ indexes: [{ status: 'built' }] }] });
    expect(warnings).toEqual([]);
  });

  it('is reported if the application does not get the new one: the lease cannot be renewed', async () => {
    const context = await start();
    await addJobs(database, 5);
    const lines: string[] = [];
    const reported = () => lines.find((line) => line.includes('cannot be renewed'));
    DoJobs.before = async () => {
      await database.query(`ALTER ROLE ${login().username} PASSWORD 'another'`);
      await until(() => Promise.resolve(reported() !== undefined));
    };
    try {
      await context
        .get(BackfillService)
        .run({ observer: { noted: ({ message }) => void lines.push(message) } });
    } finally {
      DoJobs.before = () => undefined;
    }
    expect(reported()).toMatch(
      /^The lease on a range cannot be renewed: password authentication failed .*It expires 1 s after its last renewal; then this process can commit no more, and another one may take over\. Check user and password/,
    );
  });
});
