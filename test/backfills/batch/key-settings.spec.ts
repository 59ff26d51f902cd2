import { Backfill } from 'nestjs-backfill';
import { EntitySchema, IsNull, type ColumnType } from 'typeorm';
import { TestApplication } from '../../support/applications/application.ts';
import { TestDatabase } from '../../support/server/database.ts';

interface FileRow {
  id: unknown;
  n: number;
  state: string | null;
}

const entityOf = (type: ColumnType) =>
  new EntitySchema<FileRow>({
    name: 'File',
    tableName: 'files',
    columns: {
      id: { type, primary: true },
      n: { type: 'int' },
      state: { type: 'text', nullable: true },
    },
  });

describe('rows in quarantine', () => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await TestDatabase.create();
  });
  afterEach(() => database.drop());

  async function runWith(setting: string, type: ColumnType, prepare: string | null, state: string) {
    await database.query(`ALTER DATABASE ${database.name} SET ${setting}`);
    @Backfill<FileRow>({ name: 'files', entity: 'File', where: { state: IsNull() }, batchSize: 3 })
    class Files {
      set() {
        return { state };
      }
    }
    const application = await TestApplication.start({
      database,
      entities: [entityOf(type)],
      backfills: [Files],
    });
    try {
      if (prepare !== null) await database.query(prepare);
      return (await application.service.run()).backfills[0];
    } finally {
      await application.stop();
    }
  }

  it('are found again by their key of the type bytea if bytea_output has changed', async () => {
    const seen: unknown[] = [];
    const rows = `ALTER TABLE files ADD CHECK (state <> 'refused');
      INSERT INTO files (id, n) SELECT decode(md5(n::text), 'hex'), n FROM generate_series(1, 9) AS n`;
    for (const value of ['hex', 'escape', 'hex']) {
      const prepare = seen.length === 0 ? rows : null;
      const state = `CASE WHEN n % 4 = 0 THEN 'refused' ELSE 'done' END`;
      const report = await runWith(`bytea_output = '${value}'`, 'bytea', prepare, state);
      expect(report).toMatchObject({ status: 'incomplete', quarantined: 2 });
      seen.push(
        await database.query(
          'SELECT key::text, first_tried_at::text FROM nestjs_backfill.quarantined_row ORDER BY 1',
        ),
      );
    }
    expect(seen).toEqual([seen[0], seen[0], seen[0]]);
    expect(await database.query('SELECT FROM nestjs_backfill.quarantined_row')).toHaveLength(2);
  });

  it.each([
    ['bytea', ['bytea_output = hex', 'bytea_output = escape'], `decode(md5(n::text), 'hex')`],
    [
      'timestamptz',
      ['timezone = UTC', `timezone = 'Asia/Tokyo'`],
      `timestamptz '2026-01-01 12:00Z' + n * interval '1 day'`,
    ],
  ] as const)(
    'are found again by their key of a domain over %s with other settings',
    async (type, settings, id) => {
      const rows = `CREATE DOMAIN file_key AS ${type};
      ALTER TABLE files ALTER id TYPE file_key, ADD CHECK (state <> 'refused');
      INSERT INTO files (id, n) SELECT ${id}, n FROM generate_series(1, 9) AS n`;
      const state = `CASE WHEN n % 4 = 0 THEN 'refused' ELSE 'done' END`;
      for (const [at, setting] of settings.entries())
        expect(await runWith(setting, type, at === 0 ? rows : null, state)).toMatchObject({ quarantined: 2 });
      expect(await database.query('SELECT FROM nestjs_backfill.quarantined_row')).toHaveLength(2);
    },
  );

  it.each([
    ['integer[]', 'ARRAY[n, n + 1]', 'complete', /No row is pending/],
    [
      'timestamptz[]',
      'ARRAY[now()]',
      'failed',
      /"id" of the entity's key .* type timestamp with time zone\[\], whose text depends/,
    ],
    ['pair', 'ROW(n, n)::pair', 'failed', /"id" of the entity's key .* type pair, whose text depends/],
  ] as const)('may have keys of the type %s, or the run says why not', async (type, id, status, reason) => {
    const rows = `CREATE TYPE pair AS (a int, b int);
      ALTER TABLE files DROP id, ADD id ${type} PRIMARY KEY;
      INSERT INTO files (id, n) SELECT ${id}, n FROM generate_series(1, ${status === 'complete' ? 9 : 1}) AS n`;
    const report = await runWith('timezone = UTC', 'text', rows, `'done'`);
    expect(report).toMatchObject({ status, reason: expect.stringMatching(reason) as string });
  });

  it('have amounts as keys in one format: lc_monetary is the same for each run', async () => {
    const rows = `INSERT INTO files (id, n) SELECT (n * 1000.25)::numeric::money, n FROM generate_series(1, 9) AS n`;
    const state = `current_setting('lc_monetary')`;
    expect(await runWith('lc_monetary = "POSIX"', 'money', rows, state)).toMatchObject({ updated: 9 });
    expect(await database.query('SELECT DISTINCT state FROM files')).toEqual([{ state: 'C' }]);
  });
});
