import {
  Backfill,
  type ProcessBackfill,
  type ProcessBatch,
  type RunRequest,
  type TransformBackfill,
} from 'nestjs-backfill';
import type { EntityManager } from 'typeorm';
import { IsNull } from 'typeorm';
import { addLeads, Lead, LEAD_TABLES, resetLeads } from '../../../support/tables/lead-tables.ts';
import { Recorder } from '../../../support/runs/recorder.ts';
import { Stage } from '../../../support/applications/stage.ts';
import { until } from '../../../support/runs/until.ts';

const where = { searchName: IsNull() };
type Row = Pick<Lead, 'id' | 'name'>;

@Backfill<Lead>({
  name: 'transform',
  entity: Lead,
  where,
  reads: ['name'],
  writes: ['searchName'],
  batchSize: 10,
})
class TransformLeads implements TransformBackfill<Lead, 'id' | 'name'> {
  static code: (rows: readonly Row[]) => Promise<unknown> | void = () => undefined;

  async transform(rows: readonly Row[]) {
    await TransformLeads.code(rows);
    return rows.map(({ name }) => ({ searchName: name.toLowerCase() }));
  }
}

@Backfill<Lead>({ name: 'process', entity: Lead, where, batchSize: 10 })
class ProcessLeads implements ProcessBackfill<Lead, 'id'> {
  static code: (ids: readonly string[], manager: EntityManager) => Promise<unknown>;

  async process({ rows }: ProcessBatch<Lead, 'id'>, manager: EntityManager) {
    await ProcessLeads.code(
      rows.map(({ id }) => id),
      manager,
    );
  }
}

@Backfill<Lead>({ name: 'idle', entity: Lead, where, batchSize: 10, idleInTransactionTimeout: 500 })
class ProcessIdleLeads extends ProcessLeads {}

const CHANGE = 'UPDATE leads SET search_name = name WHERE id = ANY($1)';

describe('a run of application code', () => {
  const stage = Stage.for({
    entities: LEAD_TABLES,
    backfills: [TransformLeads, ProcessLeads, ProcessIdleLeads],
  });
  beforeEach(async () => {
    TransformLeads.code = () => undefined;
    await resetLeads(stage.database);
    await addLeads(stage.database, 100);
  });
  const quarantine = () =>
    stage.query(`SELECT (key ->> 0)::int AS id, error FROM nestjs_backfill.quarantined_row ORDER BY 1`);
  /** Idles until the server has terminated the session of the batch. */
  const untilTerminated = async (manager: EntityManager) => {
    const [row] = await manager.query<{ pid: number }[]>('SELECT pg_backend_pid() AS pid');
    await until(
      async () => (await stage.query('SELECT FROM pg_stat_activity WHERE pid = $1', [row?.pid])).length === 0,
    );
  };
  const failFor5 = (error: Error) => (rows: readonly Row[]) => {
    if (rows.some(({ id }) => id === '5')) throw error;
  };

  it('quarantines a row whose error message contains a NUL character, and changes the rest', async () => {
    TransformLeads.code = failFor5(new Error('not a name: \0'));
    expect(await stage.run('transform')).toMatchObject({ status: 'incomplete', updated: 99, quarantined: 1 });
    expect(await quarantine()).toEqual([{ id: 5, error: 'not a name: \uFFFD' }]);
  });

  it('does not mistake an error of Node.js with a code of five letters for a database error', async () => {
    TransformLeads.code = failFor5(Object.assign(new Error('EBUSY: locked'), { code: 'EBUSY', errno: -16 }));
    expect(await stage.run('transform')).toMatchObject({ status: 'incomplete', updated: 99, quarantined: 1 });
    expect(await quarantine()).toEqual([{ id: 5, error: 'EBUSY: locked' }]);
  });

  it('quarantines a row whose error is its own cause', async () => {
    const error = new Error('a cycle');
    error.cause = error;
    TransformLeads.code = failFor5(error);
    expect(await stage.run('transform')).toMatchObject({ status: 'incomplete', updated: 99, quarantined: 1 });
  });

  it('stops with work left, after some attempts, if a service never answers', async () => {
    let calls = 0;
    TransformLeads.code = () => {
      calls++;
      throw Object.assign(new Error('connect ECONNREFUSED 10.0.0.1:80'), { code: 'ECONNREFUSED' });
    };
    const report = await stage.run('transform');
    expect(report).toMatchObject({ status: 'incomplete', updated: 0, quarantined: 0 });
    expect(report.reason).toMatch(/in a row: connect ECONNREFUSED 10\.0\.0\.1:80/);
    expect(calls).toBeLessThan(20);
    TransformLeads.code = () => undefined;
    expect(await stage.run('transform')).toMatchObject({ status: 'complete', updated: 100 });
  });

  it('gives fewer rows to code that idles in its transaction for too long, and completes', async () => {
    ProcessLeads.code = async (ids, manager) => {
      if (ids.length > 2) await untilTerminated(manager);
      await manager.query(CHANGE, [ids]);
    };
    await stage.query('DELETE FROM leads WHERE id > 20');
    const recorder = new Recorder();
    expect(await stage.run('idle', { recorder })).toMatchObject({ status: 'complete', updated: 20 });
    expect(recorder.notes).toContain(
      'The same batch lost its connection again: batches have at most 2 rows until enough of them were fast.',
    );
  });

  it('quarantines a row whose database error the code ignores, and changes the others', async () => {
    ProcessLeads.code = async (ids, manager) => {
      for (const id of ids) {
        await manager
          .query(`UPDATE leads SET search_name = (1 / ($1 - 5))::text WHERE id = $1`, [Number(id)])
          .catch(() => undefined);
      }
    };
    expect(await stage.run('process')).toMatchObject({ status: 'incomplete', updated: 99, quarantined: 1 });
    expect(await quarantine()).toEqual([
      {
        id: 5,
        error: expect.stringContaining('process() caught a database error and continued') as string,
      },
    ]);
  });

  it.each([
    ['with SQL', async (manager: EntityManager): Promise<unknown> => manager.query('COMMIT')],
    ['through TypeORM', async (manager: EntityManager) => manager.queryRunner?.commitTransaction()],
  ])('fails if the code commits the transaction of the batch %s', async (_, commit) => {
    ProcessLeads.code = async (ids, manager) => {
      await manager.query(CHANGE, [ids]);
      await commit(manager);
    };
    const report = await stage.run('process');
    expect(report).toMatchObject({ status: 'failed', batches: 0 });
    expect(report.reason).toContain("process() ended the batch's transaction");
  });

  it('allows a transaction nested in that of the batch', async () => {
    ProcessLeads.code = (ids, manager) => manager.transaction((nested) => nested.query(CHANGE, [ids]));
    expect(await stage.run('process')).toMatchObject({ status: 'complete', updated: 100 });
  });

  it('is not affected by an observer that throws', async () => {
    const fail = () => {
      throw new Error('the disk of the log is full');
    };
    const observer: RunRequest['observer'] = { started: fail, progressed: fail, noted: fail, finished: fail };
    const { outcome } = await stage.runAll({ names: ['transform'], observer });
    expect(outcome).toBe('complete');
  });

  it('reads a column with its new type after the type is changed during the run', async () => {
    TransformLeads.code = async (rows) => {
      if (rows[0]?.id === '21') await stage.query('ALTER TABLE leads ALTER name TYPE varchar(50)');
    };
    expect(await stage.run('transform')).toMatchObject({ status: 'complete', updated: 100 });
    await stage.query('ALTER TABLE leads ALTER name TYPE text');
  });
});
