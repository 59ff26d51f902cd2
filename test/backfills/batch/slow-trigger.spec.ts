import { Backfill, type SetBackfill } from 'nestjs-backfill';
import { Column, Entity, IsNull, PrimaryColumn } from 'typeorm';
import { Recorder } from '../../support/runs/recorder.ts';
import { Stage } from '../../support/applications/stage.ts';

@Entity('leads')
class Lead {
  @PrimaryColumn({ type: 'int' })
  id!: number;

  @Column({ type: 'text', nullable: true })
  slug!: string | null;
}

@Backfill<Lead>({
  name: 'slow',
  entity: Lead,
  where: { slug: IsNull() },
  batchSize: 64,
  order: 'key',
  statementTimeout: 1_000,
})
class Slow implements SetBackfill<Lead> {
  set() {
    return { slug: `'lead-' || id` };
  }
}

@Backfill<Lead>({ name: 'slow-by-ten', entity: Lead, where: { slug: IsNull() }, batchSize: 10, order: 'key' })
class SlowByTen extends Slow {}

/** A table whose trigger sleeps for each updated row. @param cost seconds, as SQL */
function stageWith(cost: string, rows = 100) {
  return Stage.for({
    entities: [Lead],
    backfills: [Slow, SlowByTen],
    prepare: (database) =>
      database.query(`INSERT INTO leads (id) SELECT generate_series(1, ${rows});
        CREATE FUNCTION be_slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(${cost}); RETURN NEW; END $$;
        CREATE TRIGGER slow BEFORE UPDATE ON leads FOR EACH ROW EXECUTE FUNCTION be_slow()`),
  });
}

describe('a run with a trigger that makes batches exceed their statement timeout', () => {
  const stage = stageWith('0.02');

  it('lowers the batch size until a batch fits, and completes', async () => {
    const recorder = new Recorder();
    const report = await stage.run('slow', { recorder });
    expect(report).toMatchObject({ status: 'complete', updated: 100, quarantined: 0 });
    const lowered = recorder.notes.filter((note) => note.includes('exceeded its statement timeout'));
    expect(lowered[0]).toContain('batches have at most 32 rows until enough of them were fast');
    const done = recorder.progress.map(
      ({ updated }, at) => updated - (recorder.progress[at - 1]?.updated ?? 0),
    );
    // 64 rows take at least 1.28 s.
    expect(Math.max(...done)).toBeLessThanOrEqual(32);
  });
});

describe('a run with one row that takes longer than the statement timeout', () => {
  const stage = stageWith('CASE WHEN NEW.id = 50 THEN 60 ELSE 0 END');

  it('quarantines that row and changes all others', async () => {
    expect(await stage.run('slow')).toMatchObject({ status: 'incomplete', updated: 99, quarantined: 1 });
    expect((await stage.status('slow')).quarantine).toMatchObject([
      { key: ['50'], error: expect.stringContaining('statement timeout') as string },
    ]);
  });
});

describe('a run with a trigger that makes an optimistic batch exceed 40 ms', () => {
  const stage = stageWith('0.005', 700);

  it('cancels and rolls back each optimistic batch, and tries one less and less often', async () => {
    // A committed batch leaves a number in the table, a cancelled batch leaves a gap.
    await stage.query(`CREATE SEQUENCE number;
      CREATE TABLE committed (batch bigint);
      CREATE FUNCTION take_number() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO committed VALUES (nextval('number')); RETURN NULL; END $$;
      CREATE TRIGGER numbered BEFORE UPDATE ON leads FOR EACH STATEMENT EXECUTE FUNCTION take_number()`);
    expect(await stage.run('slow-by-ten')).toMatchObject({
      status: 'complete',
      updated: 700,
      quarantined: 0,
    });
    const gaps = await stage.query<{ number: number }>(`
      SELECT number::int FROM generate_series(1, (SELECT last_value FROM number)) AS number
      WHERE number NOT IN (SELECT batch FROM committed) ORDER BY number`);
    // One optimistic batch, 20 locking ones, one optimistic, 40 locking, one optimistic, up to 80 locking.
    expect(gaps.map(({ number }) => number)).toEqual([1, 22, 63]);
    expect(await stage.value('SELECT sum(batches) FROM nestjs_backfill.range')).toBe(
      await stage.value('SELECT count(*) FROM committed'),
    );
  });
});
