import {
  Backfill,
  type CopyBackfill,
  type ProcessBackfill,
  type ProcessBatch,
  type SetBackfill,
  type TransformBackfill,
} from 'nestjs-backfill';
import { Column, Entity, IsNull, PrimaryColumn, type EntityManager } from 'typeorm';
import { Stage } from '../../support/applications/stage.ts';
import { BatchHook } from '../../support/runs/batch-hook.ts';
import { Recorder } from '../../support/runs/recorder.ts';
import { LockHolder } from '../../support/server/lock-holder.ts';
import { itSince } from '../../support/server/since.ts';

@Entity('readings', { synchronize: false })
class Reading {
  @PrimaryColumn({ type: 'int' })
  id!: number;

  @PrimaryColumn({ type: 'int' })
  part!: number;

  @Column({ type: 'text', nullable: true })
  label!: string | null;
}

@Entity('copied_readings')
class CopiedReading {
  @PrimaryColumn({ type: 'int' })
  id!: number;
}

type Order = 'key' | 'page';
const ORDERS: readonly Order[] = ['page', 'key'];
const KINDS = ['set', 'transform', 'process', 'purge', 'copy'] as const;

const hook = new BatchHook();

function backfillsIn(order: Order) {
  const common = { entity: Reading, batchSize: 20, pause: 0, workers: 1, lockTimeout: 500, order } as const;
  const pending = { ...common, where: { label: IsNull() } };

  @Backfill<Reading>({ ...pending, name: `set-${order}`, stripes: 1 })
  class BySet implements SetBackfill<Reading> {
    set() {
      return { label: "'done'" };
    }
  }

  @Backfill<Reading>({ ...pending, name: `transform-${order}`, reads: ['part'], writes: ['label'] })
  class ByTransform implements TransformBackfill<Reading, 'id' | 'part'> {
    async transform(rows: readonly Pick<Reading, 'id' | 'part'>[]) {
      await hook.run(rows.map(({ id }) => id));
      return rows.map(() => ({ label: 'done' }));
    }
  }

  @Backfill<Reading>({ ...pending, name: `process-${order}` })
  class ByProcess implements ProcessBackfill<Reading, 'id' | 'part'> {
    async process({ rows }: ProcessBatch<Reading, 'id' | 'part'>, manager: EntityManager) {
      for (const { id, part } of rows) await manager.update(Reading, { id, part }, { label: 'done' });
    }
  }

  @Backfill<Reading>({ ...pending, name: `purge-${order}`, kind: 'purge' })
  class Purge {}

  @Backfill<Reading>({ ...common, name: `copy-${order}`, into: CopiedReading })
  class Copy implements CopyBackfill<Reading, CopiedReading> {
    copy() {
      return { id: 'id' };
    }
  }

  return [BySet, ByTransform, ByProcess, Purge, Copy];
}

const ROWS = 150;

describe('a sweep of a table whose partitions change meanwhile', () => {
  const stage = Stage.for({
    entities: [Reading, CopiedReading],
    backfills: ORDERS.flatMap(backfillsIn),
  });

  beforeEach(async () => {
    hook.never();
    // The third partition has a partition of its own.
    await stage.query(`DROP SCHEMA IF EXISTS nestjs_backfill, archive CASCADE; CREATE SCHEMA archive;
      DROP TABLE IF EXISTS readings, readings_1, readings_2, readings_3, readings_3_all, readings_old, readings_4; TRUNCATE copied_readings;
      CREATE TABLE readings (id int, part int, label text, PRIMARY KEY (id, part)) PARTITION BY LIST (part);
      CREATE TABLE readings_1 PARTITION OF readings FOR VALUES IN (1);
      CREATE TABLE readings_2 PARTITION OF readings FOR VALUES IN (2);
      CREATE TABLE readings_3 PARTITION OF readings FOR VALUES IN (3) PARTITION BY LIST (part);
      CREATE TABLE readings_3_all PARTITION OF readings_3 DEFAULT;
      INSERT INTO readings SELECT n, n % 3 + 1 FROM generate_series(1, ${3 * ROWS}) AS n`);
  });
  afterEach(() => LockHolder.releaseAll());

  /** Leaves most ranges of the sweep to the next run. */
  const runOneBatch = async (name: string) => {
    const recorder = new Recorder();
    const stopWhen = () => (recorder.progress.length > 0 ? 'one batch' : null);
    const { status, updated } = await stage.run(name, { recorder, stopWhen });
    expect(status).toBe('incomplete');
    expect(updated).toBeGreaterThan(0);
    expect(updated).toBeLessThan(ROWS);
  };

  const contentsOf = (table: string) =>
    stage.value(`SELECT count(*) || ' ' || md5(string_agg(t::text, ' ' ORDER BY id)) FROM ${table} AS t`);

  const copiedFrom = (table: string) =>
    stage.value(`SELECT count(*) FROM copied_readings JOIN ${table} USING (id)`);

  const detachments = [
    ['a partition', 'readings_2', 'ALTER TABLE readings DETACH PARTITION readings_2'],
    ['a partitioned partition', 'readings_3_all', 'ALTER TABLE readings DETACH PARTITION readings_3'],
    [
      'a partition of a partition',
      'readings_3_all',
      'ALTER TABLE readings_3 DETACH PARTITION readings_3_all',
    ],
  ] as const;
  const cases = ORDERS.flatMap((order) =>
    KINDS.flatMap((kind) => detachments.map((each) => [`${kind}-${order}`, ...each] as const)),
  );

  it.each(cases)('by %s changes no row of %s that was detached', async (name, _, table, sql) => {
    await runOneBatch(name);
    const before = await contentsOf(table);
    const copied = await copiedFrom(table);
    await stage.query(sql);
    expect(await stage.run(name)).toMatchObject({ status: 'complete', remaining: 0 });
    expect(await contentsOf(table)).toBe(before);
    expect(await copiedFrom(table)).toBe(copied);
  });

  itSince(14).each(ORDERS)(
    'in %s order changes no row of a partition that is being detached concurrently',
    async (order) => {
      await runOneBatch(`purge-${order}`);
      const before = await contentsOf('readings_2');
      // The reader keeps DETACH from its end. The partition is no part of the table for new statements.
      await LockHolder.hold(stage.database, 'SELECT FROM readings LIMIT 1');
      const detaching = await stage.database.connect('a migration');
      await detaching.query("SET lock_timeout = '100ms'");
      await expect(
        detaching.query('ALTER TABLE readings DETACH PARTITION readings_2 CONCURRENTLY'),
      ).rejects.toThrow('lock timeout');
      await detaching.end();
      expect(await stage.run(`purge-${order}`)).toMatchObject({ status: 'complete', remaining: 0 });
      expect(await contentsOf('readings_2')).toBe(before);
    },
  );

  it('lets a DETACH wait for the batch in flight, also of a partitioned table above', async () => {
    // What a batch locks is the partition alone.
    await LockHolder.hold(stage.database, 'UPDATE readings_3_all SET label = label');
    const detaching = await stage.database.connect('a migration');
    await detaching.query("SET lock_timeout = '100ms'");
    await expect(detaching.query('ALTER TABLE readings DETACH PARTITION readings_3')).rejects.toThrow(
      'lock timeout',
    );
    await detaching.end();
  });

  /** What happens, its SQL, the rows of the table after it, and the SQL of a lock that another session holds. */
  const changes: readonly (readonly [string, string, number, string])[] = [
    ['a partition is dropped', 'DROP TABLE readings_2', 2 * ROWS, ''],
    ['a partitioned partition is dropped', 'DROP TABLE readings_3', 2 * ROWS, ''],
    ['a partition is renamed', 'ALTER TABLE readings_2 RENAME TO readings_old', 3 * ROWS, ''],
    ['a partition is moved to another schema', 'ALTER TABLE readings_2 SET SCHEMA archive', 3 * ROWS, ''],
    [
      'a partition is replaced by another one with its name',
      `DROP TABLE readings_2; CREATE TABLE readings_2 PARTITION OF readings FOR VALUES IN (2);
       INSERT INTO readings SELECT n, 2 FROM generate_series(1, ${ROWS}) AS n`,
      3 * ROWS,
      '',
    ],
    [
      'a partition with pending rows is attached',
      `CREATE TABLE readings_4 (LIKE readings INCLUDING ALL); INSERT INTO readings_4 SELECT n, 4 FROM generate_series(1, ${ROWS}) AS n;
       ALTER TABLE readings ATTACH PARTITION readings_4 FOR VALUES IN (4)`,
      4 * ROWS,
      '',
    ],
    [
      'a partition is detached, and its columns are dropped',
      'ALTER TABLE readings DETACH PARTITION readings_2; ALTER TABLE readings_2 DROP COLUMN label',
      2 * ROWS,
      '',
    ],
    [
      'a partition is detached, and another session locks it',
      'ALTER TABLE readings DETACH PARTITION readings_2',
      2 * ROWS,
      'LOCK TABLE readings_2',
    ],
  ];

  describe.each(['set-page', 'transform-page', 'process-page', 'transform-key'])('by %s', (name) => {
    it.each(changes)('is completed by the next run if %s', async (_, sql, rows, lock) => {
      await runOneBatch(name);
      await stage.query(sql);
      if (lock !== '') await LockHolder.hold(stage.database, lock);
      expect(await stage.run(name)).toMatchObject({ status: 'complete', remaining: 0, quarantined: 0 });
      expect(await stage.value("SELECT count(*) FROM readings WHERE label = 'done'")).toBe(String(rows));
    });
  });

  it.each(changes)('is completed by the same run if %s', async (_, sql, rows, lock) => {
    hook.once(async () => {
      await stage.query(sql);
      if (lock !== '') await LockHolder.hold(stage.database, lock);
    });
    const report = await stage.run('transform-page');
    expect(report).toMatchObject({ status: 'complete', remaining: 0, quarantined: 0 });
    expect(await stage.value("SELECT count(*) FROM readings WHERE label = 'done'")).toBe(String(rows));
  });

  itSince(14)('says that a partition was dropped, and that the rest is planned again', async () => {
    await runOneBatch('set-page');
    await stage.query('DROP TABLE readings_2');
    const recorder = new Recorder();
    await stage.run('set-page', { recorder });
    expect(recorder.notes).toContain(
      'The table "public"."readings_2" does not exist any more. The rest of the sweep is planned again.',
    );
  });
});
