import { Backfill, type SetBackfill } from 'nestjs-backfill';
import { Column, Entity, IsNull, PrimaryColumn } from 'typeorm';
import { Recorder } from '../../support/recorder.ts';
import { Stage } from '../../support/stage.ts';

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
  statementTimeout: 1_000,
})
class Slow implements SetBackfill<Lead> {
  set() {
    return { slug: `'lead-' || id` };
  }
}

@Backfill<Lead>({ name: 'slow-by-ten', entity: Lead, where: { slug: IsNull() }, batchSize: 10 })
class SlowByTen extends Slow {}

/** Each updated row costs this many seconds, as with a trigger that calls a slow function. */
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

describe('a trigger that makes batches take longer than their statement timeout', () => {
  const stage = stageWith('0.02');

  it('lowers the batch size until a batch fits, and the run completes', async () => {
    const recorder = new Recorder();
    const report = await stage.run('slow', { recorder });
    expect(report).toMatchObject({ status: 'complete', updated: 100, quarantined: 0 });
    const lowered = recorder.notes.filter((note) => note.includes('exceeded its statement timeout'));
    expect(lowered[0]).toContain('batches have at most 32 rows from now on');
    const done = recorder.progress.map(
      ({ updated }, at) => updated - (recorder.progress[at - 1]?.updated ?? 0),
    );
    // 64 rows would take at least 1.28 s.
    expect(Math.max(...done)).toBeLessThanOrEqual(32);
  });
});

describe('a single row that takes longer than the statement timeout', () => {
  const stage = stageWith('CASE WHEN NEW.id = 50 THEN 60 ELSE 0 END');

  it('goes to quarantine, and all others are done', async () => {
    expect(await stage.run('slow')).toMatchObject({ status: 'incomplete', updated: 99, quarantined: 1 });
    expect((await stage.status('slow')).quarantine).toMatchObject([
      { key: ['50'], error: expect.stringContaining('statement timeout') as string },
    ]);
  });
});

describe('a trigger that makes a batch of ten rows hold them for more than 40 ms', () => {
  const stage = stageWith('0.005', 700);

  it('ends each batch that has not locked its rows first, with nothing done; and it is tried less and less often', async () => {
    // A batch that commits leaves its number behind; one that does not, a gap.
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
    // One, then 20 batches that lock their rows, one, then 40, one, then up to 80.
    expect(gaps.map(({ number }) => number)).toEqual([1, 22, 63]);
    expect(await stage.value('SELECT sum(batches) FROM nestjs_backfill.range')).toBe(
      await stage.value('SELECT count(*) FROM committed'),
    );
  });
});
