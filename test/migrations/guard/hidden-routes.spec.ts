import { setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';
import type { DataSource, EntitySubscriberInterface, QueryRunner } from 'typeorm';
import {
  DataInMigrationError,
  RowsWrittenError,
} from '../../../libs/backfill/src/migrations/migration.error.ts';
import { runMigrations } from '../../../libs/backfill/src/migrations/run/migration.phase.ts';
import { ADD_COLUMN, hidden, MigrationStage, UPDATE } from '../../support/migrations/migration-stage.ts';
import {
  migration,
  postgresDataSource,
  QueryRecorder,
  withDataSource,
} from '../../support/migrations/migrations.ts';

const stage = MigrationStage.forEachTest();

const FILL = `CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${UPDATE}; RETURN NULL; END $$`;
const COMPUTE = `CREATE FUNCTION compute() RETURNS int LANGUAGE plpgsql AS $$ BEGIN ${UPDATE}; RETURN 1; END $$`;

type Migration = ReturnType<typeof migration>;

/** Runs the migrations and returns the error of the phase. */
async function errorOf(
  migrations: readonly Migration[],
  transaction: 'each' | 'none' = 'each',
): Promise<unknown> {
  return withDataSource(
    postgresDataSource(stage.database, migrations),
    async (dataSource) => (await runMigrations(dataSource, { log: stage.log, transaction })).failed?.error,
  );
}

describe.each(['each', 'none'] as const)(
  'in the transaction mode %s, rows are not written unseen',
  (mode) => {
    it.each([
      [
        'a trigger',
        `${FILL}; CREATE TRIGGER t AFTER INSERT ON migrations FOR EACH ROW EXECUTE FUNCTION fill()`,
      ],
      [
        'a deferred trigger',
        `${FILL}; CREATE CONSTRAINT TRIGGER t AFTER INSERT ON migrations DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fill()`,
      ],
      ['a rule', `CREATE RULE r AS ON INSERT TO migrations DO ALSO ${UPDATE}`],
    ])('by %s on the table of migrations', async (_what, up) => {
      await errorOf([migration('Create', {})]);
      const error = await errorOf([migration('Hook', { up, locks: 'off' })], mode);
      expect(error).toBeInstanceOf(RowsWrittenError);
      expect(await stage.notes()).toBe(0);
    });

    it.each(['INSERT INTO leads VALUES (90)', UPDATE, 'DELETE FROM leads', 'TRUNCATE leads'])(
      'by SQL that is built at run time: %s',
      async (sql) => {
        expect(await errorOf([migration('Up', { up: hidden(sql) })], mode)).toBeInstanceOf(RowsWrittenError);
        expect([await stage.count('leads'), await stage.notes()]).toEqual([5, 0]);
      },
    );

    it.each([
      ['TRUNCATE leads', 5],
      ['DELETE FROM leads', 5],
    ])('by an event trigger that runs %s', async (sql, rows) => {
      await stage.database.query(
        `CREATE FUNCTION react() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN IF EXISTS (SELECT FROM pg_event_trigger_ddl_commands() WHERE object_identity = 'public.leads') THEN ${sql}; END IF; END $$;
       CREATE EVENT TRIGGER react ON ddl_command_end EXECUTE FUNCTION react()`,
      );
      expect(await errorOf([migration('Up', { up: ADD_COLUMN })], mode)).toBeInstanceOf(RowsWrittenError);
      expect(await stage.count('leads')).toBe(rows);
    });

    it.each([
      [
        'the CHECK of a domain',
        'ALTER TABLE other ADD COLUMN d emptied DEFAULT 1; CREATE TABLE more (id int)',
      ],
      ['a function that shadows a built-in one', 'SELECT lower(1)'],
    ])('by a TRUNCATE in %s', async (_where, up) => {
      await stage.database.query(
        `CREATE TABLE other (id int); INSERT INTO other VALUES (1);
       CREATE FUNCTION lower(int) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN TRUNCATE leads; RETURN true; END $$;
       CREATE DOMAIN emptied AS int CHECK (lower(VALUE))`,
      );
      expect(await errorOf([migration('Up', { up, locks: 'off' })], mode)).toBeInstanceOf(RowsWrittenError);
      expect(await stage.count('leads')).toBe(5);
    });

    it('in a foreign table', async () => {
      await stage.database.query(
        `CREATE EXTENSION postgres_fdw;
       CREATE SERVER self FOREIGN DATA WRAPPER postgres_fdw OPTIONS (dbname '${stage.database.name}', host '${server().hostname}', port '${server().port}');
       CREATE USER MAPPING FOR CURRENT_USER SERVER self OPTIONS (user '${server().username}', password '${server().password}');
       CREATE FOREIGN TABLE remote (id int, note text) SERVER self OPTIONS (table_name 'leads')`,
      );
      const up = hidden(`UPDATE remote SET note = 'x'`);
      expect(await errorOf([migration('Up', { up })], mode)).toBeInstanceOf(RowsWrittenError);
      expect(await stage.notes()).toBe(0);
    });

    it('in a large object', async () => {
      const up = hidden(`SELECT lo_from_bytea(0, 'x')`);
      expect(await errorOf([migration('Up', { up })], mode)).toBeInstanceOf(RowsWrittenError);
      expect(await stage.count('pg_largeobject')).toBe(0);
    });

    it('in a table of another schema that has the name of TypeORM’s table', async () => {
      await stage.database.query(`CREATE SCHEMA crm; CREATE TABLE crm.migrations (id int)`);
      const insert = 'INSERT INTO crm.migrations VALUES (1)';
      for (const up of [insert, hidden(insert)])
        expect(await errorOf([migration('Up', { up })], mode)).toBeDefined();
      expect(await stage.count('crm.migrations')).toBe(0);
    });
  },
);

function server(): URL {
  return new URL(stage.database.url);
}

describe('a migration', () => {
  it('passes if a trigger on the table of migrations changes only exempt tables', async () => {
    await stage.database.query('CREATE TABLE audit (at timestamptz)');
    const up = `CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO audit VALUES (now()); RETURN NULL; END $$;
      CREATE TRIGGER t AFTER INSERT ON migrations FOR EACH ROW EXECUTE FUNCTION note()`;
    const allowsData = { reason: 'audit', tables: ['audit'] };
    expect(await errorOf([migration('Up', { up, allowsData, locks: 'off' })])).toBeUndefined();
    expect(await stage.count('audit')).toBe(1);
  });

  it.each([
    ['a default calls an existing function', 'ALTER TABLE leads ADD COLUMN g int DEFAULT compute()'],
    ['a check calls an existing function', 'ALTER TABLE leads ADD CHECK (compute() = 1)'],
  ])('is refused on an imported data source if %s', async (_what, sql) => {
    await stage.database.query(COMPUTE);
    await withDataSource(postgresDataSource(stage.database), async (imported) => {
      const Up = migration('Up', { up: () => imported.query(sql), locks: 'off' });
      expect(await errorOf([Up])).toBeInstanceOf(DataInMigrationError);
    });
    expect(await stage.notes()).toBe(0);
  });

  it('may add a column on an imported data source with a function of PostgreSQL or an extension', async () => {
    await stage.database.query('CREATE EXTENSION "uuid-ossp"');
    await withDataSource(postgresDataSource(stage.database), async (imported) => {
      const up = () =>
        imported.query(
          'ALTER TABLE leads ADD COLUMN u uuid DEFAULT uuid_generate_v4(), ADD t timestamptz DEFAULT now()',
        );
      expect(await errorOf([migration('Up', { up, locks: 'off' })])).toBeUndefined();
    });
  });
});

describe('code that a migration only causes cannot change rows:', () => {
  it('a listener for notices', async () => {
    const sent: Promise<unknown>[] = [];
    const Up = migration('Up', {
      up: async (queryRunner: QueryRunner) => {
        const client = (await queryRunner.connect()) as pg.Client;
        const listener = () => {
          client.removeListener('notice', listener);
          sent.push(client.query(UPDATE).catch((error: unknown) => error));
        };
        client.on('notice', listener);
        await queryRunner.query(`DO $$ BEGIN RAISE NOTICE 'now'; END $$`);
        await Promise.all(sent);
      },
    });
    expect(await errorOf([Up])).toBeInstanceOf(DataInMigrationError);
    expect([await stage.notes(), sent.length]).toEqual([0, 1]);
  });

  it('a logger of TypeORM', async () => {
    const sent: string[] = [];
    const tried: Promise<unknown>[] = [];
    class WritingLogger extends QueryRecorder {
      override logQuery(query: string): void {
        if (query.includes('extra') && tried.length === 0)
          tried.push(imported.query(UPDATE).catch((error: unknown) => error));
      }
    }
    const imported = await postgresDataSource(stage.database).initialize();
    const dataSource = postgresDataSource(stage.database, [migration('Up', { up: ADD_COLUMN })], {
      logging: true,
      logger: new WritingLogger(sent),
    });
    await withDataSource(dataSource, (source) => runMigrations(source, { log: stage.log }));
    expect(String(await Promise.all(tried))).toContain('The statement was not sent');
    await imported.destroy();
    expect(await stage.notes()).toBe(0);
  });

  it.each(['afterQuery', 'afterTransactionCommit'] as const)('a subscriber’s %s()', async (event) => {
    const tried: Promise<unknown>[] = [];
    const dataSource = postgresDataSource(stage.database, [migration('Up', { up: ADD_COLUMN })]);
    const subscriber: EntitySubscriberInterface = {
      [event]: ({ query = '' }: { query?: string }) => {
        const isMine = event === 'afterTransactionCommit' ? tried.length === 0 : query.includes('extra');
        if (isMine)
          tried.push(
            source()
              .query(UPDATE)
              .catch((error: unknown) => error),
          );
      },
    };
    const source = (): DataSource => dataSource;
    await withDataSource(dataSource, async () => {
      dataSource.subscribers.push(subscriber);
      await runMigrations(dataSource, { log: stage.log });
      expect(String(await Promise.all(tried))).toContain('The statement was not sent');
    });
    expect(await stage.notes()).toBe(0);
  });

  it('a job queue of a module is not closed: a warning names what the process sent meanwhile', async () => {
    const jobs: (() => Promise<unknown>)[] = [];
    let done: Promise<unknown> | undefined;
    const worker = setInterval(() => void (done ??= jobs.shift()?.()), 1);
    await withDataSource(postgresDataSource(stage.database), async (imported) => {
      const Up = migration('Up', {
        up: async () => {
          jobs.push(() => imported.query(UPDATE));
          while (!done) await pause(1);
          await done;
        },
      });
      await errorOf([Up]);
    });
    clearInterval(worker);
    expect(stage.lines.join('\n')).toMatch(/Up\d+.*outside of the migration.*UPDATE leads/s);
  });
});
