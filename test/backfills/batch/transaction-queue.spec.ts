import { DataSource } from 'typeorm';
import { Session } from '../../../libs/backfill/src/postgres/session.ts';
import { TransactionQueue } from '../../../libs/backfill/src/backfills/batch/transform/transaction-queue.ts';
import { Stage } from '../../support/applications/stage.ts';

describe('transactions that are sent before the previous ones are answered', () => {
  const stage = Stage.for({ entities: [], backfills: [] });
  let session: Session;

  beforeEach(async () => {
    await stage.query('DROP TABLE IF EXISTS entries; CREATE TABLE entries (id int PRIMARY KEY, at serial)');
    session = await Session.open(stage.application.context.get(DataSource));
  });
  afterEach(() => session.close());

  const insert = (id: number) => [
    { text: 'INSERT INTO entries (id) VALUES ($1::int) RETURNING id', values: [String(id)] },
  ];
  const entries = () => stage.value(`SELECT string_agg(id::text, ',' ORDER BY at) FROM entries`);

  it('run in the order in which they were sent, prepared or not', async () => {
    const queue = new TransactionQueue(session);
    const sent = [1, 2, 3].map((id) => queue.send(insert(id)));
    const other = queue.send([{ text: 'INSERT INTO entries (id) SELECT 4' }]);
    const last = queue.send(insert(5));
    const replies = await Promise.all([...sent, other, last]);
    expect(replies.map((reply) => reply.last.rows[0]?.[0])).toEqual(['1', '2', '3', undefined, '5']);
    expect(await entries()).toBe('1,2,3,4,5');
  });

  it('all fail with the error of the first that failed, and change nothing after it', async () => {
    const queue = new TransactionQueue(session);
    await queue.send(insert(1));
    const sent = [2, 1, 3, 4].map((id) => queue.send(insert(id)));
    const [second, ...others] = await Promise.allSettled(sent);
    expect(second?.status).toBe('fulfilled');
    for (const other of others) {
      expect(other).toMatchObject({ status: 'rejected', reason: { code: '23505' } });
    }
    await expect(queue.send(insert(5))).rejects.toMatchObject({ code: '23505' });
    expect(await entries()).toBe('1,2');
  });

  it('leave the session in order for the next queue after a failure', async () => {
    const failed = new TransactionQueue(session);
    await Promise.allSettled([1, 1, 2].map((id) => failed.send(insert(id))));
    const next = new TransactionQueue(session);
    await Promise.all([10, 11, 12].map((id) => next.send(insert(id))));
    expect(await entries()).toBe('1,10,11,12');
  });
});
