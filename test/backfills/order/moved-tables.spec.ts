import { Backfill, type SetBackfill } from 'nestjs-backfill';
import { EntitySchema, IsNull } from 'typeorm';
import { TestApplication } from '../../support/applications/application.ts';
import { Recorder } from '../../support/runs/recorder.ts';
import { TestDatabase } from '../../support/server/database.ts';

interface Note {
  id: string;
  label: string | null;
}

const ROWS = 500;

/** The application of a release in which the table has this name. */
function start(database: TestDatabase, schema: string, tableName: string, order: 'page' | 'key') {
  const Notes = new EntitySchema<Note>({
    name: 'Note',
    schema,
    tableName,
    columns: { id: { type: 'uuid', primary: true }, label: { type: 'text', nullable: true } },
  });

  @Backfill<Note>({ name: 'labels', entity: Notes, where: { label: IsNull() }, batchSize: 50, order })
  class Labels implements SetBackfill<Note> {
    set() {
      return { label: "'done'" };
    }
  }

  return TestApplication.start({ database, entities: [Notes], backfills: [Labels], synchronize: false });
}

describe.each(['page', 'key'] as const)('a backfill in %s order whose first run was stopped', (order) => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await TestDatabase.create();
    await database.query(`CREATE SCHEMA "Moved here"; CREATE TABLE notes (id uuid PRIMARY KEY, label text);
      INSERT INTO notes SELECT gen_random_uuid() FROM generate_series(1, ${ROWS})`);
  });
  afterEach(() => database.drop());

  const run = async (application: TestApplication, isStopped = false) => {
    const recorder = new Recorder();
    const stopWhen = () => (isStopped && recorder.progress.length > 0 ? 'one batch' : null);
    try {
      return (await application.service.run({ observer: recorder, stopWhen })).backfills[0];
    } finally {
      await application.stop();
    }
  };

  it.each([
    ['renamed', 'public', 'remarks', 'ALTER TABLE notes RENAME TO remarks'],
    ['moved to another schema', 'Moved here', 'notes', 'ALTER TABLE notes SET SCHEMA "Moved here"'],
  ])('continues where it was after its table was %s', async (_, schema, table, sql) => {
    const first = await run(await start(database, 'public', 'notes', order), true);
    expect(first?.status).toBe('incomplete');
    await database.query(sql);
    const second = await run(await start(database, schema, table, order));
    expect(second).toMatchObject({ status: 'complete', updated: ROWS - (first?.updated ?? 0) });
    // It has planned no second sweep.
    const [range] = await database.query('SELECT count(*)::int FROM nestjs_backfill.range');
    expect(range).toEqual({ count: 1 });
  });
});
