import { Backfill, type SetBackfill } from 'nestjs-backfill';
import { Column, Entity, IsNull, PrimaryColumn } from 'typeorm';
import { Recorder } from './support/recorder.ts';
import { Stage } from './support/stage.ts';

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

/** Each updated row costs this many milliseconds, as with a trigger that calls a slow function. */
function stageWith(cost: string) {
  return Stage.for({
    entities: [Lead],
    backfills: [Slow],
    prepare: (database) =>
      database.query(`INSERT INTO leads (id) SELECT generate_series(1, 100);
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
    const lowered = recorder.notes.filter((note) => note.includes('took longer than its statement timeout'));
    expect(lowered[0]).toContain('32 rows a batch from now on');
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
