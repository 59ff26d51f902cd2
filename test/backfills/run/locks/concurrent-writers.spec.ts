import { Inject } from '@nestjs/common';
import {
  Backfill,
  type ProcessBackfill,
  type ProcessBatch,
  type SetBackfill,
  type TransformBackfill,
} from 'nestjs-backfill';
import { Column, Entity, IsNull, PrimaryColumn, type EntityManager } from 'typeorm';
import type { TestDatabase } from '../../../support/server/database.ts';
import { BatchHook } from '../../../support/runs/batch-hook.ts';
import { Stage } from '../../../support/applications/stage.ts';
import { Writers } from '../../../support/runs/writers.ts';

/** `marker` is the application's last write. `slug` is backfilled, and the application writes it too. */
@Entity('leads')
class Lead {
  @PrimaryColumn({ type: 'int' })
  id!: number;

  @Column({ type: 'text' })
  marker!: string;

  @Column({ type: 'text', nullable: true })
  slug!: string | null;
}

const where = { slug: IsNull() };

@Backfill<Lead>({ name: 'set', entity: Lead, where })
class SetSlug implements SetBackfill<Lead> {
  set() {
    return { slug: `'filled from ' || marker` };
  }
}

@Backfill<Lead>({ name: 'transform', entity: Lead, where, reads: ['marker'], writes: ['slug'] })
class TransformSlug implements TransformBackfill<Lead, 'id' | 'marker'> {
  constructor(@Inject(BatchHook) private readonly hook: BatchHook) {}

  async transform(rows: readonly Pick<Lead, 'id' | 'marker'>[]) {
    await this.hook.run(rows.map(({ id }) => id));
    return rows.map(({ marker }) => ({ slug: `filled from ${marker}` }));
  }
}

@Backfill<Lead>({ name: 'process', entity: Lead, where, reads: ['marker'] })
class ProcessSlug implements ProcessBackfill<Lead, 'id' | 'marker'> {
  async process({ rows }: ProcessBatch<Lead, 'id' | 'marker'>, manager: EntityManager) {
    for (const { id, marker } of rows) await manager.update(Lead, id, { slug: `filled from ${marker}` });
  }
}

const ROWS = 4_000;
const hook = new BatchHook();
const options = {
  entities: [Lead],
  backfills: [SetSlug, TransformSlug, ProcessSlug],
  providers: [{ provide: BatchHook, useValue: hook }],
  prepare: (database: TestDatabase) =>
    database.query(
      `INSERT INTO leads (id, marker) SELECT 2 * i, 'loaded' FROM generate_series(1, ${ROWS}) AS i`,
    ),
};

describe.each(['set', 'transform', 'process'])(
  '%s, while several sessions insert, update and delete rows of the same table',
  (name) => {
    const stage = Stage.for(options);

    it('ends, and neither loses nor overwrites any of the writes', async () => {
      const writers = Writers.start(stage.database, { sessions: 4, writes: 2_000, keys: 2 * ROWS + 2 });
      await writers.started();
      await stage.run(name);
      const expected = await writers.ended();
      // The next run changes the rows that became pending after the last sweep.
      expect(await stage.run(name)).toMatchObject({ proved: true, quarantined: 0, remaining: 0 });

      const rows = await stage.query<{ id: number; marker: string; slug: string }>('SELECT * FROM leads');
      const found = new Map(rows.map((row) => [row.id, row]));
      let compared = 0;
      for (const [id, write] of expected) {
        const row = found.get(id);
        if (write.kind === 'delete') expect([id, row]).toEqual([id, undefined]);
        else {
          expect([id, row?.marker]).toEqual([id, write.marker]);
          // A slug that the application wrote is kept. Every other slug was computed from an earlier value of
          // the row.
          if (write.slug !== null) expect([id, row?.slug]).toEqual([id, write.slug]);
          else expect(row?.slug).toMatch(/^(filled from|own) /);
        }
        compared++;
      }
      expect(compared).toBeGreaterThan(1_000);
      const untouched = rows.filter(({ id }) => !expected.has(id));
      for (const { slug } of untouched) expect(slug).toBe('filled from loaded');
    });
  },
);

describe('transform, while the application writes between reading and writing', () => {
  const stage = Stage.for(options);

  it('never overwrites the column that the application wrote itself', async () => {
    hook.always((keys) =>
      stage.query(`UPDATE leads SET slug = 'own' WHERE id = ANY($1) AND id % 10 = 0 AND slug IS NULL`, [
        keys,
      ]),
    );
    expect(await stage.run('transform')).toMatchObject({ status: 'complete', updated: ROWS - ROWS / 5 });
    hook.never();
    expect(await stage.value(`SELECT count(*) FROM leads WHERE id % 10 = 0 AND slug = 'own'`)).toBe(
      String(ROWS / 5),
    );
    expect(await stage.value(`SELECT count(*) FROM leads WHERE slug = 'filled from loaded'`)).toBe(
      String(ROWS - ROWS / 5),
    );
  });

  it('computes its value again from what the application wrote to another column', async () => {
    await stage.query(`UPDATE leads SET slug = NULL WHERE id <= 100`);
    let written: number[] = [];
    hook.once((keys) => {
      written = keys.slice(0, 5).map(Number);
      return stage.query(`UPDATE leads SET marker = 'newer' WHERE id = ANY($1)`, [written]);
    });
    expect(await stage.run('transform')).toMatchObject({ status: 'complete', updated: 50 });
    expect(await stage.query(`SELECT id, slug FROM leads WHERE marker = 'newer' ORDER BY id`)).toEqual(
      written.sort((a, b) => a - b).map((id) => ({ id, slug: 'filled from newer' })),
    );
  });

  it('tolerates rows that change their key or are deleted', async () => {
    await stage.query(`UPDATE leads SET slug = NULL WHERE id <= 100`);
    hook.once(() =>
      stage.query(
        'WITH gone AS (DELETE FROM leads WHERE id = 6) UPDATE leads SET id = 1 - id WHERE id IN (8, 50, 100)',
      ),
    );
    expect(await stage.run('transform')).toMatchObject({ status: 'complete', updated: 49, quarantined: 0 });
    expect(await stage.value('SELECT count(*) FROM leads WHERE id < 0 AND slug IS NOT NULL')).toBe('3');
  });

  it('detects a new row with the same ctid and the same key as the row that it read', async () => {
    // The first row of an empty table always has the same ctid.
    const replaceRows = (marker: string, slug: string | null) =>
      stage.query(
        `TRUNCATE leads; INSERT INTO leads VALUES (20, '${marker}', ${slug === null ? 'NULL' : `'${slug}'`})`,
      );
    await replaceRows('read', null);
    const ctid = await stage.value('SELECT ctid FROM leads');
    hook.once(() => replaceRows('new row', 'own'));
    await stage.run('transform');
    expect(await stage.query('SELECT ctid::text AS ctid, slug FROM leads')).toEqual([{ ctid, slug: 'own' }]);
    await stage.query('UPDATE leads SET slug = NULL');
    await stage.query('INSERT INTO leads (id, marker) SELECT i, $$more$$ FROM generate_series(21, 60) AS i');
  });

  it('completes even if a row is written all the time', async () => {
    await stage.query(`UPDATE leads SET slug = NULL WHERE id <= 100`);
    // Row 20 changes after every read without a lock.
    hook.always(async (keys) => {
      await stage.query(`UPDATE leads SET marker = marker || '.' WHERE id = 20 AND id = ANY($1) AND $2`, [
        keys,
        keys.length > 1,
      ]);
    });
    expect(await stage.run('transform')).toMatchObject({ status: 'complete', quarantined: 0 });
    hook.never();
    expect(await stage.value('SELECT slug = $1 || marker FROM leads WHERE id = 20', ['filled from '])).toBe(
      'true',
    );
  });
});
