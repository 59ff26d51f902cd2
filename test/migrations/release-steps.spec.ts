import {
  changeType,
  dropColumn,
  finishRenameColumn,
  finishRenameTable,
  renameColumn,
  renameTable,
  retireColumn,
  setNotNull,
} from 'nestjs-backfill/steps';
import type { QueryRunner } from 'typeorm';
import { guardMigrations } from '../../libs/backfill/src/migrations/migration.guarding.ts';
import { ActiveLead } from '../support/migrations/guard-stage.ts';
import { MigrationStage } from '../support/migrations/migration-stage.ts';
import {
  migration,
  postgresDataSource,
  rejection,
  withDataSource,
} from '../support/migrations/migrations.ts';

const stage = MigrationStage.forEachTest();

/** More rows than a small table has, so that the lock rules apply. */
const FILL = `INSERT INTO leads SELECT n, 'x' FROM generate_series(6, 10600) n`;

/** Runs steps twice, in two migrations, under TypeORM's own runner in its default mode. */
async function run(
  step: (queryRunner: QueryRunner) => Promise<unknown>,
  transaction?: boolean,
): Promise<void> {
  const Steps = ['First', 'Again'].map((name) =>
    migration(name, { up: step, ...(transaction !== undefined && { transaction }) }),
  );
  await withDataSource(postgresDataSource(stage.database, Steps), (dataSource) => dataSource.runMigrations());
}

const query = (sql: string): Promise<Record<string, unknown>[]> => stage.database.query(sql);

describe('renameTable()', () => {
  const names = { table: 'leads', to: 'prospects' };

  it.each([true, false])(
    'lets the old and the new release read and write, in a transaction: %s',
    async (inTransaction) => {
      await query(FILL);
      await query('CREATE TABLE calls (lead_id int REFERENCES leads)');
      await run((q) => renameTable(q, names), inTransaction ? undefined : false);
      for (const [table, id] of [
        ['leads', 20_001],
        ['prospects', 20_002],
      ] as const) {
        await query(
          `INSERT INTO ${table} (id, note) VALUES (${id}, 'new') ON CONFLICT (id) DO UPDATE SET note = 'y'`,
        );
        await query(`UPDATE ${table} SET note = 'z' WHERE id = ${id}`);
        await query(`DELETE FROM ${table} WHERE id = ${id - 20_000}`);
      }
      expect(await stage.count(`leads WHERE note = 'z'`)).toBe(2);
      expect(await stage.count('prospects')).toBe(10_600);
      await run((q) => finishRenameTable(q, names));
      expect(await query(`SELECT to_regclass('leads') AS old, count(*)::int AS rows FROM prospects`)).toEqual(
        [{ old: null, rows: 10_600 }],
      );
    },
  );

  it('keeps the rights of other roles and row security, or changes nothing where a view passes it by', async () => {
    const role = `reader_${stage.database.name.slice(-8)}`;
    await query(
      `CREATE ROLE ${role}; GRANT SELECT ON leads TO ${role}; ALTER TABLE leads ENABLE ROW LEVEL SECURITY;
       CREATE POLICY one ON leads USING (id = 1)`,
    );
    const [server] = await query(`SELECT current_setting('server_version_num')::int AS version`);
    const hasInvokerViews = Number(server?.['version']) >= 150_000;
    const renaming = run((q) => renameTable(q, names));
    if (hasInvokerViews) await renaming;
    else await expect(renaming).rejects.toThrow('which a view passes by before PostgreSQL 15');
    const rows = await stage.database.session(async (client) => {
      await client.query(`SET ROLE ${role}`);
      return (await client.query<{ id: number }>('SELECT id FROM leads')).rows;
    });
    expect(rows).toEqual([{ id: 1 }]);
    await query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
  });

  it('warns of functions that use a constraint by its name, which a view does not have', async () => {
    await query(
      `CREATE FUNCTION put() RETURNS void LANGUAGE plpgsql AS
       $$ BEGIN INSERT INTO leads VALUES (1) ON CONFLICT ON CONSTRAINT leads_pkey DO NOTHING; END $$;
       CREATE FUNCTION put_by_column() RETURNS void LANGUAGE plpgsql AS
       $$ BEGIN INSERT INTO leads VALUES (1) ON CONFLICT (id) DO NOTHING; -- not by leads_pkey
       END $$`,
    );
    const Rename = migration('Rename', { up: (q) => renameTable(q, names) });
    await withDataSource(postgresDataSource(stage.database, [Rename]), (dataSource) => {
      guardMigrations(dataSource, { log: stage.log });
      return dataSource.runMigrations();
    });
    expect(stage.lines.filter((line) => line.includes('ON CONFLICT ON CONSTRAINT'))).toEqual([
      expect.stringContaining('put() uses leads_pkey. Name the columns instead'),
    ]);
    await query('SELECT put_by_column()');
    await expect(query('SELECT put()')).rejects.toThrow('leads_pkey');
  });

  it('is finished also if the table has got yet another name, or a column a new one', async () => {
    const again = { table: 'prospects', to: 'people' };
    const column = { table: 'people', column: 'note', to: 'remark' };
    const views = () =>
      query(`SELECT relname FROM pg_class WHERE relkind = 'v' AND relnamespace = 'public'::regnamespace`);
    await run((q) => renameTable(q, names));
    await run((q) => renameTable(q, again));
    await run((q) => finishRenameTable(q, names));
    await run((q) => renameColumn(q, column));
    await run((q) => finishRenameTable(q, again));
    await run((q) => finishRenameColumn(q, column));
    expect(await views()).toEqual([]);
    expect(await query('SELECT remark FROM people WHERE id = 1')).toHaveLength(1);
  });

  it('does nothing if it runs again after the table has got yet another name', async () => {
    await run((q) => renameTable(q, names));
    await run((q) => renameTable(q, { table: 'prospects', to: 'people' }));
    const views = () =>
      query(
        `SELECT oid, relname FROM pg_class WHERE relkind IN ('r', 'v') AND relnamespace = 'public'::regnamespace ORDER BY relname`,
      );
    const before = await views();
    await run((q) => renameTable(q, names));
    expect(await views()).toEqual(before);
  });

  it.each(['SELECT * FROM people WHERE id > 1', 'SELECT id, note AS remark FROM people'])(
    'does not take a view of the application for its own: %s',
    async (view) => {
      await query(
        `ALTER TABLE leads RENAME TO people; CREATE VIEW prospects AS SELECT * FROM people; CREATE VIEW leads AS ${view}`,
      );
      expect(String(await rejection(run((q) => renameTable(q, names))))).toContain('found the view leads');
    },
  );

  it('changes nothing if the new name is in use, and finishes only a view', async () => {
    await query('CREATE TABLE prospects (id int)');
    expect(await rejection(run((q) => renameTable(q, names)))).toMatchObject({
      message: expect.stringContaining('needs the name prospects') as unknown,
    });
    expect(await rejection(run((q) => finishRenameTable(q, names)))).toMatchObject({
      message: expect.stringContaining('found the table leads instead of a view') as unknown,
    });
  });
});

describe('renameColumn()', () => {
  const names = { table: 'leads', column: 'note', to: 'remark' };

  it('lets the old and the new release read and write, until it is finished', async () => {
    await query(FILL);
    await run((q) => renameColumn(q, names));
    await query(`INSERT INTO leads (id, note) VALUES (20001, 'old') RETURNING *`);
    await query(`INSERT INTO leads (id, remark) VALUES (20002, 'new') ON CONFLICT (id) DO NOTHING`);
    await query(`UPDATE leads SET remark = note || '!' WHERE id = 20001`);
    expect(await query('SELECT note, remark FROM leads WHERE id > 20000 ORDER BY id')).toEqual([
      { note: 'old!', remark: 'old!' },
      { note: 'new', remark: 'new' },
    ]);
    await run((q) => finishRenameColumn(q, names));
    expect(await stage.columns()).toEqual(['id', 'remark']);
    expect(await query(`SELECT relkind FROM pg_class WHERE relname IN ('leads', 'leads_base')`)).toEqual([
      { relkind: 'r' },
    ]);
    expect(await stage.count(`leads WHERE remark = 'old!'`)).toBe(1);
  });

  it('changes nothing if the column does not exist, or another one has the new name', async () => {
    for (const wrong of [
      { ...names, column: 'nothing' },
      { ...names, to: 'id' },
    ])
      expect(await rejection(run((q) => renameColumn(q, wrong)))).toMatchObject({
        message: expect.stringContaining('Nothing was changed') as unknown,
      });
    expect(await stage.columns()).toEqual(['id', 'note']);
  });
});

describe('changeType()', () => {
  it('changes a type if only the catalog changes, and any type of a small table', async () => {
    await run((q) => changeType(q, { table: 'leads', column: 'id', type: 'bigint' }));
    await query(`${FILL}; ALTER TABLE leads ALTER note TYPE varchar(50)`);
    await run((q) => changeType(q, { table: 'public.leads', column: 'note', type: 'varchar(90)' }));
    expect(
      await query(`SELECT data_type FROM information_schema.columns WHERE table_name = 'leads' ORDER BY 1`),
    ).toEqual([{ data_type: 'bigint' }, { data_type: 'character varying' }]);
  });

  it('refuses to write a large table again, and names the steps to take instead', async () => {
    await query(FILL);
    const { message } = (await rejection(
      run((q) => changeType(q, { table: 'leads', column: 'id', type: 'bigint' })),
    )) as Error;
    expect(message).toMatch(/cannot change leads\.id to bigint: .*write the whole table/);
    expect(message).toContain('ALTER TABLE "leads" ADD COLUMN "id_new" bigint');
    expect(message).toContain(`await dropColumn(queryRunner, { table: 'leads', column: 'id' });`);
  });
});

describe('retireColumn() and dropColumn()', () => {
  const column = { table: 'leads', column: 'city' };

  it('let a release that does not know the column write rows, then drop it', async () => {
    await query(
      `ALTER TABLE leads ADD COLUMN city text NOT NULL DEFAULT 'x'; ALTER TABLE leads ALTER city DROP DEFAULT`,
    );
    await run((q) => retireColumn(q, column));
    await query('INSERT INTO leads (id) VALUES (90)');
    await run((q) => dropColumn(q, column));
    expect(await stage.columns()).toEqual(['id', 'note']);
  });

  it('refuse to drop a column that an entity reads', async () => {
    const Drop = migration('Drop', { up: (q) => dropColumn(q, { table: 'leads', column: 'note' }) });
    const source = postgresDataSource(stage.database, [Drop], { entities: [ActiveLead] });
    const error = await rejection(withDataSource(source, (dataSource) => dataSource.runMigrations()));
    expect((error as Error).message).toContain('the entity ActiveLead still reads it');
    expect(await stage.columns()).toEqual(['id', 'note']);
  });
});

describe('setNotNull()', () => {
  it('finishes what an interrupted run has left, also a NOT NULL that is not validated', async () => {
    await query(`UPDATE leads SET note = 'x'`);
    const [server] = await query(`SELECT current_setting('server_version_num')::int AS version`);
    await query(
      Number(server?.['version']) >= 180_000
        ? 'ALTER TABLE leads ADD CONSTRAINT left_over NOT NULL note NOT VALID'
        : 'ALTER TABLE leads ADD CONSTRAINT leads_note_not_null_check CHECK (note IS NOT NULL) NOT VALID',
    );
    await run((q) => setNotNull(q, 'leads', 'note'), false);
    expect(
      await query(
        `SELECT a.attnotnull AS set, (SELECT count(*)::int FROM pg_constraint k
                  WHERE k.conrelid = a.attrelid AND (k.contype = 'c' OR NOT k.convalidated)) AS rest
           FROM pg_attribute a WHERE a.attrelid = 'leads'::regclass AND a.attname = 'note'`,
      ),
    ).toEqual([{ set: true, rest: 0 }]);
  });
});
