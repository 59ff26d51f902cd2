import { Backfill, BackfillRetryError, type ProcessBackfill, type ProcessBatch } from 'nestjs-backfill';
import { IsNull, type EntityManager } from 'typeorm';
import { Stage } from '../../../support/applications/stage.ts';
import { addLeads, Lead, LEAD_TABLES, resetLeads } from '../../../support/tables/lead-tables.ts';

/** Another system, which remembers what it was asked for, and can be away. */
class Mailer {
  /** The number of attempts for which it is away. */
  away = 0;
  isRefusing: string | null = null;
  readonly sent = new Map<string, number>();
  attempts = 0;

  async send(idempotencyKey: string, name: string): Promise<void> {
    this.attempts++;
    if (this.away > 0 && this.away-- > 0)
      throw Object.assign(new Error('503 Service Unavailable'), { status: 503 });
    if (name === this.isRefusing) throw Object.assign(new Error('422 Unprocessable'), { status: 422 });
    this.sent.set(idempotencyKey, (this.sent.get(idempotencyKey) ?? 0) + 1);
    return Promise.resolve();
  }
}
let mailer = new Mailer();
/** Called after each mail of a row. */
let afterMail: (id: string) => void = () => undefined;

@Backfill<Lead>({
  name: 'mails',
  entity: Lead,
  where: { searchName: IsNull() },
  reads: ['name'],
  batchSize: 5,
})
class Mails implements ProcessBackfill<Lead, 'id' | 'name'> {
  async process({ rows, context }: ProcessBatch<Lead, 'id' | 'name'>, manager: EntityManager) {
    for (const { id, name } of rows) {
      context.signal.throwIfAborted();
      try {
        await mailer.send(`${context.backfill} v${context.version} ${id}`, name);
      } catch (error) {
        if ((error as { status?: number }).status === 503)
          throw new BackfillRetryError('The mailer is away.', error);
        throw error;
      }
      afterMail(id);
      await manager.update(Lead, id, { searchName: 'mailed' });
    }
  }
}

describe('a `process` backfill that calls another system', () => {
  const stage = Stage.for({ entities: LEAD_TABLES, backfills: [Mails] });
  beforeEach(async () => {
    mailer = new Mailer();
    afterMail = () => undefined;
    await resetLeads(stage.database);
    await addLeads(stage.database, 20);
  });

  it('quarantines no row while it is away, ends incomplete with the reason, and the next run continues', async () => {
    mailer.away = Infinity;
    const stop = new AbortController();
    const away = stage.run('mails', { signal: stop.signal });
    // Long enough that a row would be blamed: a batch is halved after its first error.
    while (mailer.attempts < 4) await new Promise((resolve) => setImmediate(resolve));
    stop.abort('SIGTERM');
    expect(await away).toMatchObject({ status: 'incomplete', updated: 0, quarantined: 0 });
    expect(await stage.query('SELECT FROM nestjs_backfill.quarantined_row')).toEqual([]);
    mailer.away = 0;
    expect(await stage.run('mails')).toMatchObject({ status: 'complete', updated: 20, quarantined: 0 });
    expect([...mailer.sent.values()]).toEqual(Array.from({ length: 20 }, () => 1));
  });

  it('repeats the batch in which it goes away: no row is left out, and a key per row lets it recognise repetitions', async () => {
    let mails = 0;
    afterMail = () => {
      if (++mails === 8) mailer.away = 3;
    };
    expect(await stage.run('mails')).toMatchObject({ status: 'complete', updated: 20, quarantined: 0 });
    expect(mailer.sent.size).toBe(20);
    expect(Math.max(...mailer.sent.values())).toBeLessThanOrEqual(2);
  });

  it('quarantines the one row that it refuses, also if it was away before', async () => {
    mailer.isRefusing = 'Lead 7';
    mailer.away = 3;
    expect(await stage.run('mails')).toMatchObject({ status: 'incomplete', updated: 19, quarantined: 1 });
    expect((await stage.status('mails')).quarantine).toMatchObject([
      { key: ['7'], error: '422 Unprocessable' },
    ]);
  });
});
