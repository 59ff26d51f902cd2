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

  it('have amounts as keys in one format: lc_monetary is the same for each run', async () => {
    const rows = `INSERT INTO files (id, n) SELECT (n * 1000.25)::numeric::money, n FROM generate_series(1, 9) AS n`;
    const state = `current_setting('lc_monetary')`;
    expect(await runWith('lc_monetary = "POSIX"', 'money', rows, state)).toMatchObject({ updated: 9 });
    expect(await database.query('SELECT DISTINCT state FROM files')).toEqual([{ state: 'C' }]);
  });
});
