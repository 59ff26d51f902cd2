import { Backfill, type SetBackfill } from 'nestjs-backfill';
import { In, Not, Raw } from 'typeorm';
import { Job, JobLog } from '../../fixtures/jobs-app/jobs.mjs';
import { addJobs } from '../../support/applications/jobs.ts';
import { Stage } from '../../support/applications/stage.ts';
import { refusal } from '../../support/applications/refusal.ts';

type Row = { id: string; note: string | null; doneAt: Date | null };
const ids = Array.from({ length: 70_000 }, (_, at) => String(at + 1));

@Backfill<Row>({
  name: 'listed-jobs',
  entity: Job,
  where: { id: In(ids), note: Not(In([...ids.slice(0, 200), 'done'])) },
  batchSize: 100,
})
class ListedJobs implements SetBackfill<Row> {
  set() {
    return { note: `'done'` };
  }
}

@Backfill<Row>({
  name: 'many-values',
  entity: Job,
  where: {
    id: Raw(
      (column) => ids.map((_, at) => `${column} = :id${at}`).join(' OR '),
      Object.fromEntries(ids.map((id, at) => [`id${at}`, id])),
    ),
  },
})
class ManyValues extends ListedJobs {}

describe('a predicate with more than 65,535 values', () => {
  const stage = Stage.for({
    entities: [Job, JobLog],
    backfills: [ListedJobs],
    prepare: async (database) => {
      await addJobs(database, 300);
      await database.query(`UPDATE jobs SET note = 'old'`);
    },
  });

  it('selects the rows of a list, which is sent as one array', async () => {
    expect(await stage.run('listed-jobs')).toMatchObject({ status: 'complete', proved: true, updated: 300 });
    expect(await stage.value(`SELECT count(*) FROM jobs WHERE note = 'done'`)).toBe('300');
  });

  it('is refused at start-up with a remedy if they are no list', async () => {
    const error = await refusal({
      database: stage.database,
      entities: [Job, JobLog],
      backfills: [ManyValues],
    });
    expect(error.message).toContain(
      'has 70000 parameters, but one statement of PostgreSQL has at most 65535',
    );
    expect(error.message).toContain('= ANY(:values)');
  });
});
