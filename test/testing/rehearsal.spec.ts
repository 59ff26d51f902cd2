import {
  falsifiesWhere,
  isIdempotent,
  isSameBesideWriter,
  isSameInAnyBatchSize,
  isSameWhenKilled,
  leavesTheRestAlone,
  rehearse,
  type RehearsalError,
  type RehearsalStage,
} from 'nestjs-backfill/testing';
import { TestDatabase } from '../support/server/database.ts';
import {
  NoBackfill,
  rehearsalIn,
  TasksCount,
  TasksEmptySlug,
  TasksSlug,
  TasksEdits,
} from './rehearsed-jobs.ts';

const ROWS = [{ title: 'One' }, { title: 'Two' }, { title: 'Three', slug: 'kept' }];

describe('a rehearsal', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await TestDatabase.create();
  });
  afterAll(() => database.drop());
  const inDatabase = (rows: typeof ROWS = ROWS) => rehearsalIn(database, rows);

  it('returns each changed row with its key, before and after', async () => {
    const { changes, report } = await rehearse(TasksSlug, inDatabase());
    expect(changes).toEqual([
      { id: 1, before: { slug: null }, after: { slug: 'one' } },
      { id: 2, before: { slug: null }, after: { slug: 'two' } },
    ]);
    expect(report).toMatchObject({ status: 'complete', updated: 2 });
  });

  it('leaves the tables empty and no ledger, and changes nothing in the ledger of the application', async () => {
    await rehearse(TasksSlug, inDatabase());
    expect(await database.query('SELECT FROM tasks')).toEqual([]);
    const schemas = `SELECT nspname FROM pg_namespace WHERE nspname LIKE 'nestjs%'`;
    expect(await database.query(schemas)).toEqual([]);
  });

  it('holds for a backfill whose change of a row depends on that row alone', async () => {
    const rehearsal = await rehearse(TasksSlug, inDatabase());
    await rehearsal.holds();
  });

  it('names the row that the change leaves pending', async () => {
    const rehearsal = await rehearse(TasksEmptySlug, inDatabase([{ title: 'One' }, { title: '' }]));
    await expect(rehearsal.holds(falsifiesWhere)).rejects.toThrow(
      'TasksEmptySlug: its change does not make `where` false: the row {"id":"2"} of "tasks" is still pending',
    );
    await expect(rehearsal.holds(isIdempotent)).rejects.toThrow('a run did not complete');
  });

  it('names the row and the batch size on which the values depend', async () => {
    const rehearsal = await rehearse(TasksCount, inDatabase());
    await expect(rehearsal.holds(isSameInAnyBatchSize)).rejects.toThrow(
      `a run in batches of 1 instead of 200 changed the rows in another way: "tasks" {"id":"1"}: slug NULL → 'one of 1' instead of "tasks" {"id":"1"}: slug NULL → 'one of 2'`,
    );
  });

  it('names the batch after which a killed run resumes with other values', async () => {
    const rehearsal = await rehearse(TasksCount, inDatabase());
    await expect(rehearsal.holds(isSameWhenKilled)).rejects.toThrow(
      'the run that resumed after a kill at batch 1 changed the rows in another way',
    );
  });

  const countEdits = () =>
    database.query(`
      CREATE FUNCTION edited() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.edits := OLD.edits + 1; RETURN NEW; END $$;
      CREATE TRIGGER edited BEFORE UPDATE ON tasks FOR EACH ROW EXECUTE FUNCTION edited();`);
  afterEach(() => database.query('DROP FUNCTION IF EXISTS edited, logged CASCADE'));

  it('finds a value that differs beside a writer', async () => {
    const rehearsal = await rehearse(TasksEdits, { ...inDatabase(), alsoChanges: ['edits'] });
    await rehearsal.holds(isSameBesideWriter);
    await countEdits();
    await expect(rehearsal.holds(isSameBesideWriter)).rejects.toThrow(
      `a run beside a writer changed the rows in another way: "tasks" {"id":"1"}: slug NULL → 'edited true' instead of "tasks" {"id":"1"}: slug NULL → 'edited false'`,
    );
  });

  it('finds what a trigger changes besides, and allows what is named', async () => {
    await countEdits();
    const rehearsal = await rehearse(TasksSlug, inDatabase());
    await expect(rehearsal.holds(leavesTheRestAlone)).rejects.toThrow(
      `it does not leave the rest alone. "tasks" {"id":"1"}: edits '0' → '1', slug NULL → 'one': the backfill does not write edits`,
    );
    await (await rehearse(TasksSlug, { ...inDatabase(), alsoChanges: ['edits'] })).holds(leavesTheRestAlone);
  });

  it('finds a change of another table', async () => {
    await database.query(`
      CREATE FUNCTION logged() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO task_log (entry) VALUES (NEW.title); RETURN NEW; END $$;
      CREATE TRIGGER logged AFTER UPDATE ON tasks FOR EACH ROW EXECUTE FUNCTION logged();`);
    const rehearsal = await rehearse(TasksSlug, inDatabase());
    await expect(rehearsal.holds(leavesTheRestAlone)).rejects.toThrow(
      '"task_log" {"id":"1"}: inserted: the backfill may change "tasks" only',
    );
  });

  it('refuses tables with rows, which it would empty, and deletes none', async () => {
    await database.query(`INSERT INTO task_log (entry) VALUES ('precious')`);
    await expect(rehearse(TasksSlug, inDatabase())).rejects.toThrow('the table task_log has rows');
    expect(await database.query('SELECT entry FROM task_log')).toEqual([{ entry: 'precious' }]);
    await database.query('TRUNCATE task_log');
  });

  it('refuses rows of a table without an entity that refers to one of its tables', async () => {
    await database.query(`CREATE TABLE elsewhere (task_id int REFERENCES tasks, note text);
      INSERT INTO elsewhere (note) VALUES ('precious')`);
    await expect(rehearse(TasksSlug, inDatabase())).rejects.toThrow('the table elsewhere has rows');
    expect(await database.query('SELECT note FROM elsewhere')).toEqual([{ note: 'precious' }]);
    await database.query('DROP TABLE elsewhere');
  });

  it('refuses a class without @Backfill, and rows of which none is pending', async () => {
    await expect(rehearse(NoBackfill, inDatabase())).rejects.toThrow('it has no @Backfill');
    const rehearsal = await rehearse(TasksSlug, inDatabase([{ title: 'One', slug: 'one' }]));
    expect(rehearsal.changes).toEqual([]);
    await expect(rehearsal.holds()).rejects.toThrow('no row of `rows` is pending');
  });

  it('says what its application lacks, and what to add', async () => {
    const options = inDatabase();
    const error: unknown = await rehearse(TasksSlug, { ...options, providers: [] }).catch(
      (reason: unknown) => reason,
    );
    expect(String(error)).toContain('no module of `imports` provides the class');
    expect((error as RehearsalError).remedy).toContain('`providers: [TasksSlug]`');
    const withoutModule = { ...options, imports: options.imports.slice(0, 1), providers: [] };
    await expect(rehearse(TasksSlug, withoutModule)).rejects.toThrow('has no BackfillModule');
  });
});

describe('isIdempotent', () => {
  it('names what a second run changes', async () => {
    const change = (after: string) => ({
      table: 't',
      key: '{"id":"1"}',
      before: { n: '0' },
      after: { n: after },
    });
    const report = { proved: true, updated: 1 };
    const runs = [
      { report, changes: [change('1')] },
      { report, changes: [change('2')] },
    ];
    const stage = {
      subject: 'Counting',
      pendingKeys: async () => ['{"id":"1"}'],
      forgetRuns: async () => undefined,
      run: async () => runs.shift(),
    } as unknown as RehearsalStage;
    await expect(isIdempotent(stage)).rejects.toThrow(
      `Counting: it is not idempotent: a second run changed 1 rows: t {"id":"1"}: n '0' → '2' instead of t {"id":"1"}: n '0' → '1'`,
    );
  });
});
