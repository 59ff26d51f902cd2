import { Backfill, type SetBackfill, type TransformBackfill } from 'nestjs-backfill';
import { Column, Entity, IsNull, PrimaryGeneratedColumn } from 'typeorm';
import { Stage } from '../../support/applications/stage.ts';
import { BatchHook } from '../../support/runs/batch-hook.ts';
import { Recorder } from '../../support/runs/recorder.ts';
import { describeSince } from '../../support/server/since.ts';
import { until, untilNoneWrites } from '../../support/runs/until.ts';

@Entity('contacts')
class Contact {
  @PrimaryGeneratedColumn('uuid')
  id!: string;

  @Column({ type: 'text' })
  name!: string;

  @Column({ type: 'text', name: 'search_name', nullable: true })
  searchName!: string | null;
}

const hook = new BatchHook();
const PENDING = { entity: Contact, where: { searchName: IsNull() }, order: 'auto' } as const;

class SetSearchName implements SetBackfill<Contact> {
  set() {
    return { searchName: 'lower(name)' };
  }
}

@Backfill<Contact>({ name: 'in-pages', ...PENDING, batchSize: 100 })
class InPages extends SetSearchName {}

class SetShortName implements SetBackfill<Contact> {
  set() {
    return { searchName: "'done'" };
  }
}

@Backfill<Contact>({ name: 'in-stripes', ...PENDING, batchSize: 200, stripes: 5 })
class InStripes extends SetShortName {}

@Backfill<Contact>({ name: 'in-one-stripe', ...PENDING, stripes: 1 })
class InOneStripe extends SetShortName {}

@Backfill<Contact>({ name: 'by-key', ...PENDING, batchSize: 100, order: 'key' })
class ByKey extends SetSearchName {}

@Backfill<Contact>({
  name: 'computed',
  ...PENDING,
  reads: ['name'],
  writes: ['searchName'],
  batchSize: 100,
  order: 'page',
})
class Computed implements TransformBackfill<Contact, 'id' | 'name'> {
  async transform(rows: readonly Pick<Contact, 'id' | 'name'>[]) {
    await hook.run(rows.map(({ id }) => id));
    return rows.map(({ name }) => ({ searchName: name.toLowerCase() }));
  }
}

@Backfill<Contact>({
  name: 'shared',
  ...PENDING,
  reads: ['name'],
  writes: ['searchName'],
  batchSize: 10,
  pause: 0,
  maxWorkers: 2,
  workers: 1,
})
class Shared extends Computed {}

const ROWS = 5_000;

// PostgreSQL before version 14 cannot scan a range of pages.
describeSince(14)('a sweep in page order', () => {
  const stage = Stage.for({
    entities: [Contact],
    backfills: [InPages, InStripes, InOneStripe, ByKey, Computed, Shared],
    prepare: async (database) => {
      await database.query(`ALTER TABLE contacts SET (autovacuum_enabled = off);
        CREATE TABLE changes (id uuid NOT NULL) WITH (autovacuum_enabled = off);
        CREATE FUNCTION record_change() RETURNS trigger LANGUAGE plpgsql AS $$
          BEGIN INSERT INTO changes VALUES (new.id); RETURN new; END $$;
        CREATE TRIGGER record_change AFTER UPDATE OF search_name ON contacts
          FOR EACH ROW WHEN (old.search_name IS NULL) EXECUTE FUNCTION record_change()`);
    },
  });

  const reset = async () => {
    await stage.query(`DROP SCHEMA IF EXISTS nestjs_backfill CASCADE; TRUNCATE contacts, changes;
      INSERT INTO contacts (name) SELECT repeat('Contact ', 25) || i FROM generate_series(1, ${ROWS}) AS i`);
    await stage.query('VACUUM ANALYZE contacts');
  };

  beforeEach(async () => {
    hook.never();
    await reset();
  });

  const sizeOf = async (table: string) => Number(await stage.value('SELECT pg_relation_size($1)', [table]));

  const expectEachChangedOnce = async () => {
    expect(
      await stage.value('SELECT count(*) FROM contacts WHERE search_name IS DISTINCT FROM lower(name)'),
    ).toBe('0');
    expect(await stage.value('SELECT count(*) FROM changes')).toBe(String(ROWS));
    expect(await stage.value('SELECT count(DISTINCT id) FROM changes')).toBe(String(ROWS));
  };

  it('changes each row once, and says why it uses this order', async () => {
    const recorder = new Recorder();
    expect(await stage.run('in-pages', { recorder })).toMatchObject({ status: 'complete', updated: ROWS });
    expect(recorder.notes.join('\n')).toContain(
      'Sweeps in page order: each page is then read and written once',
    );
    await expectEachChangedOnce();
  });

  it('never has more rows in a batch than its size', async () => {
    const recorder = new Recorder();
    await stage.run('in-pages', { recorder });
    const updated = recorder.progress.map((progress) => progress.updated);
    const batches = updated.map((rows, at) => rows - (updated[at - 1] ?? 0));
    expect(Math.max(...batches)).toBeLessThanOrEqual(100);
  });

  it('lets the table grow less with stripes than without', async () => {
    const before = await sizeOf('contacts');
    await stage.run('in-one-stripe');
    const plain = (await sizeOf('contacts')) / before;
    expect(plain).toBeGreaterThan(1.9);
    let striped = plain;
    // The snapshot of an ANALYZE of another table can keep the dead versions of a whole run, and so can a transaction
    // of another spec.
    for (let attempt = 1; attempt <= 10 && striped >= plain - 0.1; attempt++) {
      await reset();
      await untilNoneWrites(stage.database);
      await stage.run('in-stripes');
      striped = (await sizeOf('contacts')) / before;
    }
    expect(striped).toBeLessThan(plain - 0.1);
  });

  it.each([
    ['VACUUM FULL', 'was rewritten meanwhile', 'VACUUM FULL contacts'],
    ['CLUSTER', 'was rewritten meanwhile', 'CLUSTER contacts USING contacts_by_name'],
    [
      'a rewrite',
      'was rewritten meanwhile',
      'ALTER TABLE contacts ADD stamp timestamptz DEFAULT clock_timestamp()',
    ],
    [
      'another table that takes the name',
      'has another name now',
      `BEGIN; LOCK TABLE contacts IN SHARE MODE; CREATE TABLE contacts_new (LIKE contacts INCLUDING ALL); INSERT INTO contacts_new SELECT * FROM contacts;
       ALTER TABLE contacts RENAME TO contacts_old; ALTER TABLE contacts_new RENAME TO contacts;
       CREATE TRIGGER record_change AFTER UPDATE OF search_name ON contacts
         FOR EACH ROW WHEN (old.search_name IS NULL) EXECUTE FUNCTION record_change(); COMMIT`,
    ],
  ])('plans again after %s in mid-run, and changes each row once', async (_, note, sql) => {
    await stage.query('CREATE INDEX IF NOT EXISTS contacts_by_name ON contacts (name)');
    let batches = 0;
    hook.always(async () => {
      if (++batches === 10) await stage.query(sql);
    });
    const recorder = new Recorder();
    expect(await stage.run('computed', { recorder })).toMatchObject({ status: 'complete', updated: ROWS });
    expect(recorder.notes.join('\n')).toContain(note);
    await expectEachChangedOnce();
    await stage.query('DROP INDEX IF EXISTS contacts_by_name; DROP TABLE IF EXISTS contacts_old');
  });

  it('completes after TRUNCATE in mid-run', async () => {
    hook.once(() => stage.query('TRUNCATE contacts'));
    expect(await stage.run('computed')).toMatchObject({ status: 'complete' });
    expect(await stage.value('SELECT count(*) FROM contacts')).toBe('0');
  });

  it('finds rows that other sessions move or insert behind it', async () => {
    let batches = 0;
    hook.always(async () => {
      if (++batches % 5 !== 0) return;
      await stage.query(`DELETE FROM contacts WHERE ctid = (SELECT min(ctid) FROM contacts);
        INSERT INTO contacts (name) VALUES ('Inserted ${batches}');
        UPDATE contacts SET name = name || '!' WHERE ctid = (SELECT max(ctid) FROM contacts WHERE search_name IS NULL)`);
    });
    expect(await stage.run('computed')).toMatchObject({ status: 'complete', remaining: 0 });
    expect(await stage.value('SELECT count(*) FROM contacts WHERE search_name IS NULL')).toBe('0');
  });

  it('is shared by a second process, which takes half of the pages of a busy worker', async () => {
    let idle: ReturnType<typeof stage.run> | undefined;
    hook.once(async () => {
      await stage.query(`WITH gone AS (DELETE FROM nestjs_backfill.range WHERE lease_owner IS NULL AND state <> 'done' RETURNING id, upper_key)
        UPDATE nestjs_backfill.range SET upper_key = coalesce((SELECT upper_key FROM gone ORDER BY id DESC LIMIT 1), upper_key)
        WHERE lease_owner IS NOT NULL`);
      let isOver = false;
      idle = stage.run('shared').finally(() => (isOver = true));
      // The first process continues when the second one has changed rows, or has failed.
      await until(async () => isOver || (await stage.value('SELECT count(*) FROM changes')) !== '0');
    });
    const busy = await stage.run('shared');
    const reports = [busy, await idle];
    expect(reports.map((report) => (report?.updated ?? 0) > 0)).toEqual([true, true]);
    expect(reports.map((report) => report?.status)).toContain('complete');
    await expectEachChangedOnce();
  });

  it('is not used where the declaration asks for key order', async () => {
    const recorder = new Recorder();
    await stage.run('by-key', { recorder });
    expect(recorder.notes.join('\n')).not.toContain('Sweeps in page order');
    await expectEachChangedOnce();
  });

  it('is not used where an index finds few pending rows', async () => {
    await stage.query(`UPDATE contacts SET search_name = lower(name) WHERE ctid <> ALL (ARRAY(
        SELECT ctid FROM contacts LIMIT 20)); TRUNCATE changes;
      CREATE INDEX contacts_pending ON contacts (id) WHERE search_name IS NULL`);
    await stage.query('VACUUM ANALYZE contacts');
    const recorder = new Recorder();
    expect(await stage.run('in-pages', { recorder })).toMatchObject({ status: 'complete', updated: 20 });
    expect(recorder.notes.join('\n')).toContain(
      'few rows are pending, and the index "contacts_pending" finds them',
    );
    await stage.query('DROP INDEX contacts_pending');
  });
});
