import {
  addCheck,
  addEnumValue,
  addForeignKey,
  addPrimaryKey,
  addUnique,
  dropIndex,
  setNotNull,
} from 'nestjs-backfill/steps';
import type { QueryRunner } from 'typeorm';
import { ADD_COLUMN, MigrationStage, UPDATE } from '../support/migrations/migration-stage.ts';
import {
  migration,
  postgresDataSource,
  rejection,
  withDataSource,
} from '../support/migrations/migrations.ts';

const stage = MigrationStage.forEachTest();

/** More rows than a small table has, so that the lock rules apply. */
const FILL = `INSERT INTO leads SELECT n, 'x' FROM generate_series(6, 10600) n`;

/** Runs a migration without a transaction under TypeORM's own runner in its default mode. */
async function run(up: (queryRunner: QueryRunner) => Promise<unknown>): Promise<void> {
  const Steps = migration('Steps', { transaction: false, up });
  await withDataSource(postgresDataSource(stage.database, [Steps]), (dataSource) =>
    dataSource.runMigrations(),
  );
}

async function constraints(): Promise<readonly string[]> {
  const rows = await stage.database.query<{ name: string }>(
    `SELECT conname || CASE WHEN convalidated THEN '' ELSE ' NOT VALID' END AS name FROM pg_constraint
      WHERE conrelid = 'leads'::regclass AND contype <> 'n' AND conname <> 'leads_pkey' ORDER BY 1`,
  );
  return rows.map(({ name }) => name);
}

async function isNotNull(): Promise<boolean> {
  const [row] = await stage.database.query<{ is: boolean }>(
    `SELECT attnotnull AS is FROM pg_attribute WHERE attrelid = 'leads'::regclass AND attname = 'note'`,
  );
  return row?.is === true;
}

describe('`transaction = false` under TypeORM’s own runner', () => {
  it('works with `migrationsRun: true` in the default mode, beside migrations with a transaction', async () => {
    await stage.database.query(UPDATE);
    const First = migration('First', { up: ADD_COLUMN });
    const Contract = migration('Contract', {
      transaction: false,
      up: (queryRunner) => setNotNull(queryRunner, 'leads', 'note'),
    });
    const Last = migration('Last', { up: 'CREATE TABLE last_one (id bigint PRIMARY KEY)' });
    const source = postgresDataSource(stage.database, [First, Contract, Last], { migrationsRun: true });
    await withDataSource(source, async (dataSource) => {
      expect(await dataSource.showMigrations()).toBe(false);
    });
    expect(await isNotNull()).toBe(true);
    expect(await stage.count('last_one')).toBe(0);
  });

  it('leaves the migration pending if it fails, and the migrations before it recorded', async () => {
    const First = migration('First', { up: ADD_COLUMN });
    const Contract = migration('Contract', {
      transaction: false,
      up: (queryRunner) => setNotNull(queryRunner, 'leads', 'note'),
    });
    await withDataSource(postgresDataSource(stage.database, [First, Contract]), async (dataSource) => {
      expect(String(await rejection(dataSource.runMigrations()))).toContain('whose "note" is NULL');
    });
    expect(await stage.database.query('SELECT name FROM migrations')).toEqual([{ name: First.name }]);
    expect(await stage.columns()).toContain('extra');
  });
});

describe('setNotNull()', () => {
  it('leaves nothing behind when a row is NULL', async () => {
    await rejection(run((queryRunner) => setNotNull(queryRunner, 'leads', 'note')));
    expect(await constraints()).toEqual([]);
  });

  it.each([
    ['added its CHECK', `CHECK (note IS NOT NULL) NOT VALID`],
    ['validated its CHECK', `CHECK (note IS NOT NULL)`],
  ])('continues after a process that had %s', async (_what, check) => {
    await stage.database.query(UPDATE);
    await stage.database.query(FILL);
    await stage.database.query(`ALTER TABLE leads ADD CONSTRAINT leads_note_not_null_check ${check}`);
    await run((queryRunner) => setNotNull(queryRunner, 'leads', 'note'));
    expect([await isNotNull(), await constraints()]).toEqual([true, []]);
  });

  it('can run again after it has succeeded', async () => {
    await stage.database.query(UPDATE);
    for (let times = 0; times < 2; times += 1)
      await run((queryRunner) => setNotNull(queryRunner, 'leads', 'note'));
    expect(await isNotNull()).toBe(true);
  });
});

describe('addForeignKey()', () => {
  const step = { table: 'leads', columns: ['owner'], references: 'owners' } as const;

  beforeEach(async () => {
    await stage.database.query('CREATE TABLE owners (id int PRIMARY KEY)');
    await stage.database.query('ALTER TABLE leads ADD COLUMN owner int');
  });

  it('never drops another constraint of the same name', async () => {
    await stage.database.query('ALTER TABLE leads ADD CONSTRAINT leads_owner_fkey CHECK (owner <> 3)');
    expect(String(await rejection(run((q) => addForeignKey(q, step))))).toContain('another object');
    expect(await constraints()).toEqual(['leads_owner_fkey']);
  });

  it('leaves no key behind that refuses rows, if existing rows contradict it', async () => {
    await stage.database.query('UPDATE leads SET owner = 9');
    await rejection(run((q) => addForeignKey(q, step)));
    expect(await constraints()).toEqual([]);
  });

  it('validates a key that an interrupted process has added', async () => {
    await stage.database.query(
      'ALTER TABLE leads ADD CONSTRAINT leads_owner_fkey FOREIGN KEY (owner) REFERENCES owners NOT VALID',
    );
    await run((q) => addForeignKey(q, step));
    expect(await constraints()).toEqual(['leads_owner_fkey']);
  });
});

it('addCheck() that only compares its CHECK with the existing one has committed nothing', async () => {
  await stage.database.query('ALTER TABLE leads ADD CONSTRAINT leads_id CHECK (id > 0)');
  const error = await rejection(
    run(async (q) => {
      await addCheck(q, { table: 'leads', name: 'leads_id', expression: 'id > 0' });
      await q.query(UPDATE);
    }),
  );
  expect(error).toMatchObject({ refusal: { committed: [] } });
});

describe('on a large table', () => {
  beforeEach(() => stage.database.query(FILL));

  it.each<[string, (queryRunner: QueryRunner) => Promise<void>, readonly string[]]>([
    [
      'addCheck()',
      (q) => addCheck(q, { table: 'leads', name: 'leads_id', expression: 'id > 0' }),
      ['leads_id'],
    ],
    ['addUnique()', (q) => addUnique(q, { table: 'leads', columns: ['id'] }), ['leads_id_key']],
  ])('%s passes the lock rules, and can run twice', async (_name, step, expected) => {
    await run(step);
    await run(step);
    expect(await constraints()).toEqual(expected);
  });

  it('addCheck() leaves no CHECK behind that refuses rows, if existing rows contradict it', async () => {
    await rejection(run((q) => addCheck(q, { table: 'leads', name: 'small', expression: 'id < 100' })));
    expect(await constraints()).toEqual([]);
  });

  it('addUnique() builds an index again that an interrupted build has left', async () => {
    await stage.database.query('ALTER TABLE leads ADD COLUMN twice int DEFAULT 1');
    await rejection(run((q) => addUnique(q, { table: 'leads', columns: ['twice'] })));
    await stage.database.query('UPDATE leads SET twice = id');
    await run((q) => addUnique(q, { table: 'leads', columns: ['twice'] }));
    expect(await constraints()).toEqual(['leads_twice_key']);
  });

  it('addPrimaryKey() uses an index that is built concurrently, and asks for NOT NULL first', async () => {
    await stage.database.query('CREATE TABLE bare AS SELECT id FROM leads');
    const step = { table: 'bare', columns: ['id'] } as const;
    expect(String(await rejection(run((q) => addPrimaryKey(q, step))))).toContain(
      "setNotNull(queryRunner, 'bare', 'id')",
    );
    await run(async (q) => {
      await setNotNull(q, 'bare', 'id');
      await addPrimaryKey(q, step);
    });
    expect(await stage.database.query(`SELECT FROM pg_constraint WHERE conname = 'bare_pkey'`)).toHaveLength(
      1,
    );
  });

  it('dropIndex() and addEnumValue() pass the lock rules, and can run twice', async () => {
    await stage.database.query('CREATE INDEX leads_note ON leads (note)');
    await stage.database.query(`CREATE TYPE mood AS ENUM ('good')`);
    for (let times = 0; times < 2; times += 1)
      await run(async (q) => {
        await dropIndex(q, 'leads_note');
        await addEnumValue(q, { type: 'mood', value: 'bad', before: 'good' });
      });
    expect(await stage.database.query(`SELECT to_regclass('leads_note') AS index`)).toEqual([
      { index: null },
    ]);
    expect(await stage.database.query(`SELECT enum_range(NULL::mood)::text AS all`)).toEqual([
      { all: '{bad,good}' },
    ]);
  });
});
