import {
  addCheck,
  addForeignKey,
  addPrimaryKey,
  addUnique,
  attachPartition,
  changeType,
  dropColumn,
  dropIndex,
  finishRenameColumn,
  finishRenameTable,
  renameColumn,
  renameTable,
  setNotNull,
} from 'nestjs-backfill/steps';
import type { QueryRunner } from 'typeorm';
import { MigrationStage } from '../support/migrations/migration-stage.ts';
import {
  migration,
  postgresDataSource,
  rejection,
  withDataSource,
} from '../support/migrations/migrations.ts';

const stage = MigrationStage.forEachTest();

type Step = (queryRunner: QueryRunner) => Promise<unknown>;

/** Runs a step in a migration without a transaction, under TypeORM's own runner. */
function run(step: Step): Promise<unknown> {
  const Steps = migration('Steps', { transaction: false, up: step });
  return withDataSource(postgresDataSource(stage.database, [Steps]), (dataSource) =>
    dataSource.runMigrations(),
  );
}

/** Names that need quotes, a schema, 63 bytes, and characters of several bytes. */
const LONG = 'é'.repeat(25) + 'x'.repeat(13);

const PREPARE = `
  CREATE SCHEMA "Crm"; CREATE TYPE stage AS ENUM ('new');
  CREATE TABLE "Crm"."Lead Owners" ("Id" bigint PRIMARY KEY);
  CREATE TABLE "Crm"."My Leads" (id bigint NOT NULL, "Owner Id" bigint, "${LONG}" int, code varchar(10), "Other" int);
  CREATE INDEX "My Index" ON "Crm"."My Leads" (code);
  CREATE TABLE "Crm"."Events" (at date NOT NULL) PARTITION BY RANGE (at);
  CREATE TABLE "Crm"."Events 1" (at date NOT NULL);
  CREATE TABLE "Crm"."Rest" PARTITION OF "Crm"."Events" DEFAULT;
  INSERT INTO "Crm"."Lead Owners" VALUES (1);
  INSERT INTO "Crm"."My Leads" SELECT n, 1, n, 'c', 0 FROM generate_series(1, 10500) n;
  INSERT INTO "Crm"."Events 1" VALUES ('2026-01-05')`;

const TABLE = 'Crm.My Leads';

const STEPS: readonly (readonly [string, Step])[] = [
  ['setNotNull()', (q) => setNotNull(q, TABLE, LONG)],
  [
    'addForeignKey()',
    (q) => addForeignKey(q, { table: TABLE, columns: ['Owner Id'], references: 'Crm.Lead Owners' }),
  ],
  ['addCheck()', (q) => addCheck(q, { table: TABLE, name: 'My Check', expression: '"Owner Id" > 0' })],
  ['addUnique()', (q) => addUnique(q, { table: TABLE, columns: [LONG] })],
  ['addPrimaryKey()', (q) => addPrimaryKey(q, { table: TABLE, columns: ['id'] })],
  ['changeType()', (q) => changeType(q, { table: TABLE, column: 'code', type: 'varchar(20)' })],
  ['dropColumn()', (q) => dropColumn(q, { table: TABLE, column: 'Other' })],
  ['renameColumn()', (q) => renameColumn(q, { table: TABLE, column: 'code', to: 'Code' })],
  ['renameTable()', (q) => renameTable(q, { table: TABLE, to: 'Your Leads' })],
  [
    'attachPartition()',
    (q) =>
      attachPartition(q, {
        parent: 'Crm.Events',
        partition: 'Crm.Events 1',
        values: { from: '2026-01-01', to: '2026-02-01' },
      }),
  ],
  ['dropIndex()', (q) => dropIndex(q, 'Crm.My Index')],
];

/** Everything that a step may have left, and everything that it should have done. */
async function schema(): Promise<readonly unknown[]> {
  return stage.database.query(
    `SELECT c.relname AS relation, c.relkind AS kind, i.indisvalid AS valid,
            (SELECT json_agg(k.conname || ' ' || pg_get_constraintdef(k.oid) ORDER BY k.conname) FROM pg_constraint k WHERE k.conrelid = c.oid) AS constraints,
            (SELECT json_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || ' ' || a.attnotnull ORDER BY a.attnum) FROM pg_attribute a
              WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns
       FROM pg_class c LEFT JOIN pg_index i ON i.indexrelid = c.oid
      WHERE c.relnamespace = '"Crm"'::regnamespace ORDER BY c.relname`,
  );
}

/** Ends the connection at the statement of this number, before or after it was sent; returns the number of statements. */
function interrupted(step: Step, at: number, when: 'before' | 'after'): { run: Step; sent: () => number } {
  let sent = 0;
  const proxied: Step = (queryRunner) => {
    const runner = new Proxy(queryRunner, {
      get(target, property) {
        if (property !== 'query') return Reflect.get(target, property) as unknown;
        return async (...args: Parameters<QueryRunner['query']>) => {
          sent += 1;
          if (sent > at && when === 'before') throw new Error('killed');
          const result: unknown = await target.query(...args);
          if (sent > at) throw new Error('killed');
          return result;
        };
      },
    });
    return step(runner);
  };
  return { run: proxied, sent: () => sent };
}

describe.each(STEPS)('%s', (_name, step) => {
  it('does its work when it runs again after an end at any of its statements, and can run twice', async () => {
    await stage.database.query(PREPARE);
    await run(step);
    const done = await schema();
    await run(step);
    expect(await schema()).toEqual(done);
    const whole = interrupted(step, Infinity, 'after');
    await stage.database.query(`DROP SCHEMA "Crm" CASCADE; DROP TYPE stage; ${PREPARE}; TRUNCATE migrations`);
    await run(whole.run);
    for (let at = 0; at < whole.sent(); at += 1)
      for (const when of ['before', 'after'] as const) {
        await stage.database.query(
          `DROP SCHEMA "Crm" CASCADE; DROP TYPE stage; ${PREPARE}; TRUNCATE migrations`,
        );
        expect(String(await rejection(run(interrupted(step, at, when).run)))).toContain('killed');
        await run(step);
        expect(await schema()).toEqual(done);
      }
  });
});

describe('another object of the same name', () => {
  const refused = async (step: Step) => {
    const before = await schema();
    expect(String(await rejection(run(step)))).toMatch(/found (another object|a view)/);
    expect(await schema()).toEqual(before);
  };

  it.each<[string, string, Step]>([
    [
      'a CHECK of another condition is not taken for that of addCheck()',
      'ALTER TABLE "Crm"."My Leads" ADD CONSTRAINT mine CHECK (id > 5) NOT VALID',
      (q) => addCheck(q, { table: TABLE, name: 'mine', expression: 'id > 0' }),
    ],
    [
      'nor a constraint of another kind',
      'ALTER TABLE "Crm"."My Leads" ADD CONSTRAINT mine UNIQUE (id)',
      (q) => addCheck(q, { table: TABLE, name: 'mine', expression: 'id > 0' }),
    ],
    [
      'a UNIQUE of other columns is not taken for that of addUnique()',
      'ALTER TABLE "Crm"."My Leads" ADD CONSTRAINT mine UNIQUE (id)',
      (q) => addUnique(q, { table: TABLE, columns: [LONG], name: 'mine' }),
    ],
    [
      'nor an index of other columns',
      'CREATE UNIQUE INDEX mine ON "Crm"."My Leads" (id)',
      (q) => addUnique(q, { table: TABLE, columns: [LONG], name: 'mine' }),
    ],
    [
      'nor an index of some rows',
      `CREATE UNIQUE INDEX mine ON "Crm"."My Leads" (id) WHERE id > 3`,
      (q) => addUnique(q, { table: TABLE, columns: ['id'], name: 'mine' }),
    ],
    [
      'nor an index of a column that had its name before',
      `CREATE UNIQUE INDEX mine ON "Crm"."My Leads" (id); ALTER TABLE "Crm"."My Leads" RENAME id TO was; ALTER TABLE "Crm"."My Leads" RENAME "Other" TO id`,
      (q) => addUnique(q, { table: TABLE, columns: ['id'], name: 'mine' }),
    ],
    [
      'nor the index of another table',
      `CREATE UNIQUE INDEX mine ON "Crm"."Lead Owners" ("Id")`,
      (q) => addUnique(q, { table: TABLE, columns: ['Id'], name: 'mine' }),
    ],
    [
      'a primary key of other columns stays, and addPrimaryKey() builds no index',
      'ALTER TABLE "Crm"."My Leads" ADD CONSTRAINT mine PRIMARY KEY (id)',
      (q) => addPrimaryKey(q, { table: TABLE, columns: ['Other'] }),
    ],
    [
      'a key with another action is not taken for that of addForeignKey()',
      'ALTER TABLE "Crm"."My Leads" ADD CONSTRAINT fk FOREIGN KEY ("Owner Id") REFERENCES "Crm"."Lead Owners" ON DELETE CASCADE',
      (q) =>
        addForeignKey(q, { table: TABLE, columns: ['Owner Id'], references: 'Crm.Lead Owners', name: 'fk' }),
    ],
    [
      'nor a key to another table',
      'CREATE TABLE "Crm".others (id bigint PRIMARY KEY); INSERT INTO "Crm".others VALUES (1); ALTER TABLE "Crm"."My Leads" ADD CONSTRAINT fk FOREIGN KEY ("Owner Id") REFERENCES "Crm".others',
      (q) =>
        addForeignKey(q, { table: TABLE, columns: ['Owner Id'], references: 'Crm.Lead Owners', name: 'fk' }),
    ],
    [
      'a view of the application is not dropped by finishRenameTable()',
      'CREATE VIEW "Crm".people AS SELECT 1 AS one',
      (q) => finishRenameTable(q, { table: 'Crm.people', to: 'My Leads' }),
    ],
    [
      'nor by finishRenameColumn()',
      'CREATE VIEW "Crm".people AS SELECT code, code AS "Code" FROM "Crm"."My Leads"',
      (q) => finishRenameColumn(q, { table: 'Crm.people', column: 'code', to: 'Code' }),
    ],
  ])('%s', async (_what, sql, step) => {
    await stage.database.query(PREPARE);
    await stage.database.query(sql);
    await refused(step);
  });

  it('a CHECK of another condition is not taken for that of setNotNull(), nor dropped', async () => {
    await stage.database.query(PREPARE);
    await stage.database.query(
      'ALTER TABLE "Crm"."My Leads" ADD CONSTRAINT "My Leads_Other_not_null_check" CHECK ("Other" < 9)',
    );
    // Before PostgreSQL 18 the step needs this name, and is refused.
    await run((q) => setNotNull(q, TABLE, 'Other')).catch(String);
    expect(JSON.stringify(await schema())).toContain('My Leads_Other_not_null_check CHECK');
  });

  it('a CHECK is not taken for that of addCheck() if they cannot be compared', async () => {
    await stage.database.query(PREPARE);
    await stage.database.query('ALTER TABLE "Crm"."My Leads" ADD CONSTRAINT mine CHECK (id > 0) NOT VALID');
    const before = await schema();
    const step: Step = (q) => addCheck(q, { table: TABLE, name: 'mine', expression: 'no_column > 0' });
    expect(String(await rejection(run(step)))).toContain('"no_column" does not exist');
    expect(await schema()).toEqual(before);
  });

  it('a CHECK of the whole row is taken for that of addCheck()', async () => {
    await stage.database.query(PREPARE);
    await stage.database.query(
      `CREATE FUNCTION is_valid(lead "Crm"."My Leads") RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT lead.id > 0'`,
    );
    const step = { table: TABLE, name: 'mine', expression: 'is_valid("My Leads")' };
    for (let times = 0; times < 2; times += 1) await run((q) => addCheck(q, step));
    expect(JSON.stringify(await schema())).toContain('mine CHECK');
  });

  it('an index that another session has made during the step is not dropped', async () => {
    await stage.database.query(PREPARE);
    const step: Step = async (q) => {
      const query = async (sql: string): Promise<unknown> => {
        if (sql.includes('CREATE UNIQUE INDEX'))
          await stage.database.query('CREATE UNIQUE INDEX CONCURRENTLY mine ON "Crm"."My Leads" (id)');
        return q.query(sql);
      };
      const runner = new Proxy(q, {
        get: (target, property) =>
          property === 'query' ? query : (Reflect.get(target, property) as unknown),
      });
      await addUnique(runner, { table: TABLE, columns: ['id'], name: 'mine' });
    };
    expect(String(await rejection(run(step)))).toContain('relation "mine" already exists');
    expect(JSON.stringify(await schema())).toContain('"relation":"mine"');
  });

  it('a CHECK that says the same in other words is taken for that of addCheck()', async () => {
    await stage.database.query(PREPARE);
    const step = { table: TABLE, name: 'mine', expression: `"code" in ('c', 'd') and id>0` };
    for (let times = 0; times < 2; times += 1) await run((q) => addCheck(q, step));
    expect(JSON.stringify(await schema())).toContain('mine CHECK');
  });
});

it('a step whose query throws something that is no Error still names the constraint that it has left', async () => {
  await stage.database.query(PREPARE);
  const thrown = await rejection(
    run(async (queryRunner) => {
      let isValidating = false;
      const query = async (sql: string): Promise<unknown> => {
        isValidating ||= sql.includes('VALIDATE');
        // eslint-disable-next-line @typescript-eslint/only-throw-error
        if (isValidating) throw 'no connection';
        return queryRunner.query(sql);
      };
      const runner = new Proxy(queryRunner, {
        get: (target, property) =>
          property === 'query' ? query : (Reflect.get(target, property) as unknown),
      });
      await addCheck(runner, { table: TABLE, name: 'mine', expression: 'id > 0' });
    }),
  );
  expect(String(thrown)).toContain(
    'no connection. The constraint mine may still be on "Crm"."My Leads", where it can refuse rows',
  );
});

it('addUnique() leaves no index behind that refuses rows, if rows are not unique', async () => {
  await stage.database.query(PREPARE);
  const before = await schema();
  expect(String(await rejection(run((q) => addUnique(q, { table: TABLE, columns: ['code'] }))))).toContain(
    'could not create unique index',
  );
  expect(await schema()).toEqual(before);
});
