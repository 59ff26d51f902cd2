import { Backfill, type ProcessBackfill, type SetBackfill } from 'nestjs-backfill';
import { Column, Entity, IsNull, PrimaryColumn } from 'typeorm';
import { Stage } from '../../../support/applications/stage.ts';
import { Recorder } from '../../../support/runs/recorder.ts';

@Entity('leads')
class Lead {
  @PrimaryColumn({ type: 'int' })
  id!: number;

  @Column({ type: 'text', nullable: true })
  slug!: string | null;
}

/** 80 fast rows take far less than the target. A slow row takes 20 ms: 40 rows take more than five targets. */
const PACE = {
  order: 'key',
  entity: Lead,
  batchSize: 40,
  maxBatchSize: 80,
  targetDuration: 100,
} as const;

@Backfill<Lead>({ ...PACE, name: 'slugs', where: { slug: IsNull() } })
class Slugs implements SetBackfill<Lead> {
  set() {
    return { slug: `'lead-' || id` };
  }
}

@Backfill<Lead>({ ...PACE, name: 'slow-code', where: { slug: IsNull() }, reads: ['id'] })
class SlowCode implements ProcessBackfill<Lead> {
  async process(
    { rows }: Parameters<ProcessBackfill<Lead>['process']>[0],
    manager: Parameters<ProcessBackfill<Lead>['process']>[1],
  ) {
    // Other sessions wait for the rows while the code runs.
    await new Promise((resolve) => setTimeout(resolve, 20 * rows.length));
    for (const { id } of rows) await manager.update(Lead, id, { slug: `lead-${id}` });
  }
}

/** The rows of each batch. */
function sizesOf({ progress }: Recorder): number[] {
  return progress.map(({ updated }, at) => updated - (progress[at - 1]?.updated ?? 0));
}

/** A trigger that sleeps while the table `slow` has a row. @param event e.g. `BEFORE UPDATE` */
const slowTrigger = (event: string, level: 'ROW' | 'STATEMENT', seconds: number) => `
  CREATE TABLE slow AS SELECT true AS yes;
  CREATE FUNCTION be_slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    PERFORM pg_sleep(${seconds}) FROM slow; RETURN NEW; END $$;
  CREATE ${event} ON leads ${/CONSTRAINT/.test(event) ? 'DEFERRABLE INITIALLY DEFERRED ' : ''}
    FOR EACH ${level} EXECUTE FUNCTION be_slow()`;

describe.each([
  'TRIGGER slow_before BEFORE UPDATE',
  'TRIGGER slow_after AFTER UPDATE',
  'CONSTRAINT TRIGGER slow_at_commit AFTER UPDATE',
])('a run with a slow %s', (event) => {
  const stage = Stage.for({
    entities: [Lead],
    backfills: [Slugs],
    prepare: (database) =>
      database.query(
        `INSERT INTO leads (id) SELECT generate_series(1, 3000); ${slowTrigger(event, 'ROW', 0.02)}`,
      ),
  });

  it('uses smaller batches while the trigger is slow, and larger ones when it is fast again', async () => {
    const recorder = new Recorder();
    const running = stage.run('slugs', { recorder });
    await recorder.until(() => sizesOf(recorder).filter((rows) => rows === 20).length >= 3);
    expect(Math.min(...sizesOf(recorder))).toBe(20);
    await stage.query('DELETE FROM slow');
    await recorder.until(() => sizesOf(recorder).includes(80));
    expect(await running).toMatchObject({ status: 'complete', updated: 3000 });
  });
});

describe('a run whose batches take as long with few rows as with many', () => {
  const stage = Stage.for({
    entities: [Lead],
    backfills: [Slugs],
    prepare: (database) =>
      database.query(`INSERT INTO leads (id) SELECT generate_series(1, 3000);
        ${slowTrigger('TRIGGER slow_statement BEFORE UPDATE', 'STATEMENT', 0.6)}`),
  });

  it('returns to its former size, and then grows', async () => {
    const recorder = new Recorder();
    const running = stage.run('slugs', { recorder });
    await recorder.until(() => sizesOf(recorder).includes(80));
    const sizes = sizesOf(recorder);
    expect(sizes.slice(0, 6)).toEqual([40, 20, 20, 20, 20, 20]);
    expect(sizes[6]).toBe(40);
    await stage.query('DELETE FROM slow');
    expect(await running).toMatchObject({ status: 'complete', updated: 3000 });
  });
});

describe('a run of `process` with slow code', () => {
  const stage = Stage.for({
    entities: [Lead],
    backfills: [SlowCode],
    prepare: (database) => database.query(`INSERT INTO leads (id) SELECT generate_series(1, 300)`),
  });

  it('uses smaller batches, because its code holds the row locks', async () => {
    const recorder = new Recorder();
    await stage.run('slow-code', { recorder });
    expect(sizesOf(recorder).slice(0, 3)).toEqual([40, 20, 20]);
    expect(Math.max(...sizesOf(recorder).slice(1))).toBe(20);
  });
});
