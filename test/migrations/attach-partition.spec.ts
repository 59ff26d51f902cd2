import { attachPartition } from 'nestjs-backfill/steps';
import type { Client } from 'pg';
import { AbstractLogger, type LogMessage, type QueryRunner } from 'typeorm';
import { MigrationStage } from '../support/migrations/migration-stage.ts';
import {
  migration,
  postgresDataSource,
  rejection,
  withDataSource,
} from '../support/migrations/migrations.ts';

const stage = MigrationStage.forEachTest();

/** The messages of the server. */
class NoticeRecorder extends AbstractLogger {
  readonly #notices: string[];

  constructor(notices: string[]) {
    super('all');
    this.#notices = notices;
  }

  protected writeLog(_level: unknown, messages: LogMessage | LogMessage[]): void {
    for (const message of [messages].flat()) this.#notices.push(String(message.message));
  }
}

/** Runs the step twice, in two migrations. */
async function run(step: (queryRunner: QueryRunner) => Promise<unknown>, transaction: false): Promise<void> {
  const Steps = ['First', 'Again'].map((name) => migration(name, { up: step, transaction }));
  await withDataSource(postgresDataSource(stage.database, Steps), (dataSource) => dataSource.runMigrations());
}

const query = (sql: string): Promise<Record<string, unknown>[]> => stage.database.query(sql);

describe('attachPartition()', () => {
  const parent = 'events';
  const partition = 'events_2026';

  beforeEach(async () => {
    await query(
      `CREATE TABLE events (id int, at date) PARTITION BY RANGE (at);
       CREATE TABLE events_2026 (id int, at date);
       INSERT INTO events_2026 SELECT n, '2026-03-01' FROM generate_series(1, 10600) n`,
    );
  });

  it('proves the bound before it attaches a large table', async () => {
    await run(
      (q) => attachPartition(q, { parent, partition, values: { from: '2026-01-01', to: '2027-01-01' } }),
      false,
    );
    expect(await stage.count('events')).toBe(10_600);
    expect(
      await query(
        `SELECT conname FROM pg_constraint WHERE conrelid = 'events_2026'::regclass AND contype = 'c'`,
      ),
    ).toEqual([]);
  });

  const values = { from: '2026-01-01', to: '2027-01-01' };

  it('proves that a large default partition has no row of the bound, which PostgreSQL then does not read under its lock', async () => {
    await query(
      `CREATE TABLE events_rest PARTITION OF events DEFAULT;
       INSERT INTO events SELECT n, '2020-03-01' FROM generate_series(1, 10600) n; INSERT INTO events VALUES (1, NULL)`,
    );
    const notices: string[] = [];
    const Attach = migration('Attach', {
      transaction: false,
      up: async (q) => {
        await q.query('SET client_min_messages = debug1');
        await attachPartition(q, { parent, partition, values });
        await q.query('RESET client_min_messages');
      },
    });
    const source = postgresDataSource(stage.database, [Attach], {
      logNotifications: true,
      logging: ['info'],
      logger: new NoticeRecorder(notices),
    });
    await withDataSource(source, (dataSource) => dataSource.runMigrations());
    expect(await stage.count('events_2026')).toBe(10_600);
    expect(notices.filter((notice) => notice.includes('is implied by existing constraints'))).toEqual([
      expect.stringContaining('"events_2026"'),
      expect.stringContaining('"events_rest"'),
    ]);
    expect(await query(`SELECT conname FROM pg_constraint WHERE contype = 'c' AND conrelid <> 0`)).toEqual(
      [],
    );
  });

  it('changes nothing if the default partition has a row of the bound', async () => {
    await query(
      `CREATE TABLE events_rest PARTITION OF events DEFAULT; INSERT INTO events VALUES (1, '2026-05-01')`,
    );
    const error = await rejection(run((q) => attachPartition(q, { parent, partition, values }), false));
    expect((error as Error).message).toContain('found a row of the new bound in "public"."events_rest"');
    await query(`INSERT INTO events VALUES (2, '2026-06-01')`);
    expect(await query(`SELECT conname FROM pg_constraint WHERE contype = 'c' AND conrelid <> 0`)).toEqual(
      [],
    );
  });

  it('leaves no CHECK on the default partition if PostgreSQL refuses the partition', async () => {
    await query(
      `CREATE TABLE events_rest PARTITION OF events DEFAULT;
       CREATE TABLE events_spring PARTITION OF events FOR VALUES FROM ('2026-03-01') TO ('2026-04-01')`,
    );
    const error = await rejection(run((q) => attachPartition(q, { parent, partition, values }), false));
    expect((error as Error).message).toContain('would overlap partition "events_spring"');
    await query(`INSERT INTO events VALUES (2, '2026-06-01')`);
    expect(await query(`SELECT conname FROM pg_constraint WHERE contype = 'c' AND conrelid <> 0`)).toEqual(
      [],
    );
  });

  describe('while another session reads the default partition', () => {
    /** Attaches in a session without a guard; the other one reads from just before ATTACH to the end given. */
    async function attachBeside(reader: Client, end: 'a failed DROP CONSTRAINT' | 'never'): Promise<unknown> {
      const source = await postgresDataSource(stage.database, []).initialize();
      const runner = source.createQueryRunner();
      const send = runner.query.bind(runner) as (sql: string) => Promise<unknown>;
      const query = async (sql: string): Promise<unknown> => {
        if (sql.includes('ATTACH PARTITION')) {
          await reader.query('BEGIN; LOCK TABLE events_rest IN ACCESS SHARE MODE');
          await send(`SET lock_timeout = '50ms'`);
        }
        try {
          return await send(sql);
        } catch (error) {
          if (sql.includes('"events_rest" DROP CONSTRAINT') && end !== 'never') await reader.query('COMMIT');
          throw error;
        }
      };
      const error = await rejection(attachPartition({ query } as QueryRunner, { parent, partition, values }));
      await runner.release();
      await source.destroy();
      return error;
    }

    const checksOf = async (table: string) =>
      query(`SELECT conname FROM pg_constraint WHERE contype = 'c' AND conrelid = '${table}'::regclass`);

    beforeEach(() => query('CREATE TABLE events_rest PARTITION OF events DEFAULT'));

    it('leaves no CHECK behind: the drop is tried again', async () => {
      const reader = await stage.database.connect('a reader');
      const error = await attachBeside(reader, 'a failed DROP CONSTRAINT');
      await reader.end();
      expect((error as Error).message).toBe('canceling statement due to lock timeout');
      expect(await checksOf('events_rest')).toEqual([]);
      expect(await checksOf('events_2026')).toEqual([]);
    });

    it('names the CHECK that it could not drop, drops that of the other table, and a second run ends well', async () => {
      const reader = await stage.database.connect('a reader');
      const error = await attachBeside(reader, 'never');
      await reader.end();
      expect((error as Error).message).toContain(
        'ALTER TABLE "public"."events_rest" DROP CONSTRAINT IF EXISTS "events_2026_bound_check";',
      );
      expect(await checksOf('events_2026')).toEqual([]);
      await run((q) => attachPartition(q, { parent, partition, values }), false);
      expect(await checksOf('events_rest')).toEqual([]);
    });
  });

  it('leaves no CHECK behind if a row is out of the bound', async () => {
    await rejection(
      run((q) => attachPartition(q, { parent, partition, values: { from: '2027-01-01' } }), false),
    );
    await query(`INSERT INTO events_2026 VALUES (1, '2020-01-01')`);
    expect(await stage.count('events')).toBe(0);
  });
});
