import { Inject } from '@nestjs/common';
import { Backfill, type SetBackfill, type TransformBackfill } from 'nestjs-backfill';
import { PlanBlockedError } from 'nestjs-backfill/errors';
import { Column, Entity, IsNull, PrimaryColumn } from 'typeorm';
import type { TestDatabase } from '../../../support/server/database.ts';
import { BatchHook } from '../../../support/runs/batch-hook.ts';
import { LockHolder } from '../../../support/server/lock-holder.ts';
import { Recorder } from '../../../support/runs/recorder.ts';
import { Stage } from '../../../support/applications/stage.ts';

@Entity('leads')
class Lead {
  @PrimaryColumn({ type: 'int' })
  id!: number;

  @Column({ type: 'text' })
  name!: string;

  @Column({ type: 'text', nullable: true })
  upper!: string | null;

  @Column({ type: 'text', nullable: true })
  lower!: string | null;
}

@Entity('notes')
class Note {
  @PrimaryColumn({ type: 'int' })
  id!: number;
}

@Backfill<Lead>({ name: 'set', entity: Lead, where: { upper: IsNull() } })
class SetUpper implements SetBackfill<Lead> {
  set() {
    return { upper: 'upper(name)' };
  }
}

@Backfill<Lead>({
  name: 'transform',
  entity: Lead,
  where: { lower: IsNull() },
  reads: ['name'],
  writes: ['lower'],
})
class TransformLower implements TransformBackfill<Lead, 'id' | 'name'> {
  constructor(@Inject(BatchHook) private readonly hook: BatchHook) {}

  async transform(rows: readonly Pick<Lead, 'id' | 'name'>[]) {
    await this.hook.run(rows.map(({ id }) => id));
    return rows.map(({ name }) => ({ lower: name.toLowerCase() }));
  }
}

@Backfill<Note>({ name: 'purge', entity: Note, kind: 'purge', where: 'this_row.id > 0' })
class PurgeNotes {}

const LOCKED = [17, 2500, 4999];

function load(database: TestDatabase) {
  return database.query(
    `INSERT INTO leads (id, name) SELECT i, 'Lead ' || i FROM generate_series(1, 5000) AS i`,
  );
}

const hook = new BatchHook();
const options = {
  entities: [Lead, Note],
  backfills: [SetUpper, TransformLower, PurgeNotes],
  providers: [{ provide: BatchHook, useValue: hook }],
  prepare: load,
};

function lockRows(database: TestDatabase, strength = 'FOR UPDATE', ids = LOCKED, name = 'a report') {
  return LockHolder.hold(database, `SELECT FROM leads WHERE id IN (${ids.join(', ')}) ${strength}`, name);
}

describe.each(['set', 'transform'])('%s: 3 of 5,000 rows are locked by another session', (name) => {
  const column = name === 'set' ? 'upper' : 'lower';

  describe('and are released while the run waits for them', () => {
    const stage = Stage.for({ ...options, module: { defaults: { pause: 0, lockTimeout: 60_000 } } });

    it('the run completes with every row changed', async () => {
      const holder = await lockRows(stage.database);
      const recorder = new Recorder();
      const running = stage.run(name, { recorder });
      await recorder.until(({ waits }) => waits.length > 0);
      expect(await stage.value(`SELECT count(*) FROM leads WHERE ${column} IS NULL`)).toBe('3');
      await holder.release();
      expect(await running).toMatchObject({ status: 'complete', updated: 5000, skipped: 0, proved: true });
      expect(
        await stage.value(`SELECT count(*) FROM leads WHERE ${column} IS DISTINCT FROM ${column}(name)`),
      ).toBe('0');
    });
  });

  describe('and stay locked for longer than a run waits', () => {
    const stage = Stage.for({ ...options, module: { defaults: { pause: 0, lockTimeout: 1_500 } } });
    let holder: LockHolder;

    it('the run ends incomplete and names the blocking session: its process, its application and the duration', async () => {
      holder = await lockRows(stage.database);
      const recorder = new Recorder();
      const report = await stage.run(name, { recorder });
      expect(report).toMatchObject({
        status: 'incomplete',
        updated: 4997,
        skipped: 3,
        remaining: 3,
        proved: false,
      });
      const named = new RegExp(
        `a lock on the row id=\\d+, held by pid ${holder.pid} \\(a report\\), idle in transaction, transaction open for \\d+ s`,
      );
      expect(report.waitingFor).toMatch(named);
      expect(report.reason).toMatch(named);
      expect(recorder.waits[0]?.waitingFor).toMatch(named);
      expect((await stage.status(name)).waitingFor).toBe(report.waitingFor);
    });

    it('the next run changes only the remaining rows', async () => {
      await holder.release();
      const before = await stage.value('SELECT max(id) FROM nestjs_backfill.range');
      const report = await stage.run(name);
      expect(report).toMatchObject({ status: 'complete', updated: 3, batches: 1, waitingFor: null });
      expect(await stage.value('SELECT max(id) FROM nestjs_backfill.range')).toBe(before);
      expect((await stage.status(name)).waitingFor).toBeNull();
    });
  });
});

describe('a row that several sessions have locked', () => {
  const stage = Stage.for({ ...options, module: { defaults: { pause: 0, lockTimeout: 1_500 } } });

  it('delays the run, and the report names each session', async () => {
    const holders = [
      await lockRows(stage.database, 'FOR SHARE', [42], 'first reader'),
      await lockRows(stage.database, 'FOR SHARE', [42], 'second reader'),
      await lockRows(stage.database, 'FOR KEY SHARE', [42], 'a foreign-key check'),
    ];
    const report = await stage.run('set');
    expect(report).toMatchObject({ status: 'incomplete', updated: 4999, skipped: 1 });
    expect(report.waitingFor).toContain('(first reader)');
    expect(report.waitingFor).toContain('(second reader)');
    for (const holder of holders) await holder.release();
    expect(await stage.run('set')).toMatchObject({ status: 'complete', updated: 1 });
  });

  it('does not delay the run if only foreign-key checks lock it', async () => {
    const checks = [
      await lockRows(stage.database, 'FOR KEY SHARE', LOCKED),
      await lockRows(stage.database, 'FOR KEY SHARE', LOCKED),
    ];
    expect(await stage.run('transform')).toMatchObject({ status: 'complete', updated: 5000 });
    for (const check of checks) await check.release();
  });

  it('is not deleted by a purge while a foreign-key check locks it', async () => {
    await stage.query('INSERT INTO notes SELECT generate_series(1, 10)');
    const check = await LockHolder.hold(
      stage.database,
      'SELECT FROM notes WHERE id = 3 FOR KEY SHARE',
      'an insert',
    );
    expect(await stage.run('purge')).toMatchObject({
      status: 'incomplete',
      updated: 9,
      waitingFor: expect.stringContaining('(an insert)') as string,
    });
    await check.release();
    expect(await stage.run('purge')).toMatchObject({ status: 'complete', updated: 1 });
  });
});

describe('a whole table that another session has locked', () => {
  const stage = Stage.for({ ...options, module: { defaults: { pause: 0, lockTimeout: 500, order: 'key' } } });

  afterEach(() => LockHolder.releaseAll());

  it('stops the run after the lock timeout, and the report names the session', async () => {
    const holder = await LockHolder.hold(stage.database, 'LOCK TABLE leads', 'ALTER TABLE by hand');
    const report = await stage.run('set');
    expect(report).toMatchObject({ status: 'incomplete', updated: 0, proved: false });
    expect(report.waitingFor).toMatch(
      new RegExp(`a lock on the table public\\.leads, held by pid ${holder.pid} \\(ALTER TABLE by hand\\)`),
    );
    expect((await stage.status('set')).waitingFor).toBe(report.waitingFor);
    await holder.release();
  });

  it('stops the run if it is locked during the run', async () => {
    let holder: LockHolder | undefined;
    hook.once(
      async () => {
        holder = await LockHolder.hold(stage.database, 'LOCK TABLE leads', 'ALTER TABLE by hand');
      },
      (keys) => keys.includes(1000),
    );
    const report = await stage.run('transform');
    expect(report).toMatchObject({ status: 'incomplete', updated: 800 });
    expect(report.waitingFor).toContain('(ALTER TABLE by hand)');
    await holder?.release();
    expect(await stage.run('transform')).toMatchObject({ status: 'complete', updated: 4200 });
  });

  it('stops the run while the run waits for a row', async () => {
    const holder = await lockRows(stage.database);
    const table = await stage.database.connect('DDL');
    const recorder = new Recorder();
    const running = stage.run('set', { recorder });
    await recorder.until(({ waits }) => waits.length > 0);
    // This lock request waits behind the row locks, and all later requests wait behind it.
    const locking = table.query('BEGIN; LOCK TABLE leads');
    expect(await running).toMatchObject({ status: 'incomplete', updated: 4997 });
    await holder.release();
    await locking;
    await table.query('COMMIT');
    await table.end();
    expect(await stage.run('set')).toMatchObject({ status: 'complete', updated: 3 });
  });

  it('is named by a plan and a preview with its holder, after a second', async () => {
    const holder = await LockHolder.hold(stage.database, 'LOCK TABLE leads', 'ALTER TABLE by hand');
    const { service } = stage.application;
    const reason = `held by pid ${holder.pid} (ALTER TABLE by hand)`;
    expect(await service.plan({ names: ['set'] })).toMatchObject({
      plan: [],
      unplanned: [{ name: 'set', reason: expect.stringContaining(reason) as string }],
    });
    await expect(service.preview('set')).rejects.toThrow(PlanBlockedError);
    await holder.release();
  });
});
