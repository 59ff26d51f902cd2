import { Backfill, type SetBackfill } from 'nestjs-backfill';
import { Column, Entity, IsNull, PrimaryGeneratedColumn } from 'typeorm';
import { Stage } from '../../support/applications/stage.ts';
import { Recorder } from '../../support/runs/recorder.ts';

@Entity('letters')
class Letter {
  @PrimaryGeneratedColumn('identity')
  id!: number;

  @Column({ type: 'text' })
  body!: string;

  @Column({ type: 'text', nullable: true })
  state!: string | null;
}

const OPTIONS = { entity: Letter, where: { state: IsNull() }, batchSize: 60, pause: 0 } as const;

class SetState implements SetBackfill<Letter> {
  set() {
    return { state: "'sent'" };
  }
}

@Backfill<Letter>({ name: 'in-pages', ...OPTIONS, order: 'page' })
class InPages extends SetState {}

const MAX_SIZE = 90;

@Backfill<Letter>({ name: 'growing', ...OPTIONS, maxBatchSize: MAX_SIZE, order: 'page' })
class Growing extends SetState {}

@Backfill<Letter>({ name: 'by-key', ...OPTIONS, order: 'key' })
class ByKey extends SetState {}

const WIDE = 2_000;
const NARROW = 4_000;
const ROWS = WIDE + NARROW;

describe('stripes of a table with wide and narrow rows', () => {
  const stage = Stage.for({
    entities: [Letter],
    backfills: [InPages, Growing, ByKey],
    prepare: async (database) => {
      await database.query(`ALTER TABLE letters SET (autovacuum_enabled = off);
        CREATE TABLE changes (id int NOT NULL, transaction xid8 NOT NULL) WITH (autovacuum_enabled = off);
        CREATE FUNCTION record_change() RETURNS trigger LANGUAGE plpgsql AS $$
          BEGIN INSERT INTO changes VALUES (new.id, pg_current_xact_id()); RETURN new; END $$;
        CREATE TRIGGER record_change AFTER UPDATE OF state ON letters
          FOR EACH ROW WHEN (old.state IS NULL) EXECUTE FUNCTION record_change()`);
    },
  });

  beforeEach(async () => {
    // The first pages have some ten rows each, the last ones more than a hundred.
    await stage.query(`DROP SCHEMA IF EXISTS nestjs_backfill CASCADE; TRUNCATE letters, changes RESTART IDENTITY;
      INSERT INTO letters (body) SELECT repeat('x', CASE WHEN i <= ${WIDE} THEN 700 ELSE 10 END)
        FROM generate_series(1, ${ROWS}) AS i`);
    await stage.query('VACUUM ANALYZE letters');
  });

  const largestBatch = async () =>
    Number(
      await stage.value(
        'SELECT max(n) FROM (SELECT count(*) AS n FROM changes GROUP BY transaction) AS batches',
      ),
    );

  const changed = async () => ({
    rows: Number(await stage.value('SELECT count(DISTINCT id) FROM changes')),
    changes: Number(await stage.value('SELECT count(*) FROM changes')),
    pending: Number(await stage.value('SELECT count(*) FROM letters WHERE state IS NULL')),
  });

  it('never change more rows in a batch than its size, and change each row once', async () => {
    expect(await stage.run('in-pages')).toMatchObject({ status: 'complete', updated: ROWS });
    expect(await changed()).toEqual({ rows: ROWS, changes: ROWS, pending: 0 });
    expect(await largestBatch()).toBeLessThanOrEqual(OPTIONS.batchSize);
  });

  it('never change more rows in a batch than its maximum if its size adapts, and change each row once', async () => {
    expect(await stage.run('growing')).toMatchObject({ status: 'complete', updated: ROWS });
    expect(await changed()).toEqual({ rows: ROWS, changes: ROWS, pending: 0 });
    expect(await largestBatch()).toBeLessThanOrEqual(MAX_SIZE);
  });

  it('report the same rows as a sweep by key if a trigger reverts their change', async () => {
    await stage.query(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
      CREATE TRIGGER refuse BEFORE UPDATE ON letters FOR EACH ROW WHEN (old.id % 1500 = 7) EXECUTE FUNCTION refuse()`);
    try {
      const byPage = await stage.run('in-pages', { recorder: new Recorder() });
      const skipped = await stage.value(
        "SELECT string_agg(key::text, ' ' ORDER BY key) FROM nestjs_backfill.quarantined_row",
      );
      await stage.query('UPDATE letters SET state = NULL WHERE state IS NOT NULL AND id % 1500 <> 7');
      const byKey = await stage.run('by-key', { recorder: new Recorder() });
      expect(byPage).toMatchObject({ status: byKey.status, updated: ROWS - 4 });
      expect(skipped).toBe('["1507"] ["3007"] ["4507"] ["7"]');
    } finally {
      await stage.query('DROP TRIGGER refuse ON letters; DROP FUNCTION refuse');
    }
  });

  it('change rows that another session moves to another page meanwhile', async () => {
    let moved = 0;
    const recorder = new Recorder();
    const mover = (async () => {
      while (moved < 200) {
        moved++;
        await stage.query(
          `UPDATE letters SET body = body || repeat('y', 300) WHERE id = ${(moved * 29) % ROWS}`,
        );
      }
    })();
    const report = await stage.run('in-pages', { recorder });
    await mover;
    expect(report).toMatchObject({ status: 'complete', remaining: 0 });
    expect(await changed()).toMatchObject({ rows: ROWS, changes: ROWS, pending: 0 });
  });
});
