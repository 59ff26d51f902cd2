import { Inject } from '@nestjs/common';
import { Backfill, BackfillRetryError, type SetBackfill, type TransformBackfill } from 'nestjs-backfill';
import { Column, Entity, IsNull, PrimaryColumn } from 'typeorm';
import { BatchHook } from '../../support/runs/batch-hook.ts';
import { Stage } from '../../support/applications/stage.ts';

@Entity('leads')
class Lead {
  @PrimaryColumn({ type: 'int', generated: 'increment' })
  id!: number;

  @Column({ type: 'text', nullable: true })
  slug!: string | null;
}

@Backfill<Lead>({
  name: 'transform',
  entity: Lead,
  where: { slug: IsNull() },
  writes: ['slug'],
  batchSize: 10,
  order: 'key',
})
class TransformSlug implements TransformBackfill<Lead, 'id'> {
  constructor(@Inject(BatchHook) private readonly hook: BatchHook) {}

  async transform(rows: readonly Pick<Lead, 'id'>[]) {
    await this.hook.run(rows.map(({ id }) => id));
    return rows.map(({ id }) => ({ slug: `lead-${id}` }));
  }
}

@Backfill<Lead>({ name: 'set-wrongly', entity: Lead, where: { slug: IsNull() } })
class SetWrongly implements SetBackfill<Lead> {
  set() {
    return { slug: 'no_such_column' };
  }
}

@Backfill<Lead>({ name: 'dependent', entity: Lead, where: { slug: IsNull() }, dependsOn: ['transform'] })
class Dependent implements SetBackfill<Lead> {
  set() {
    return { slug: `'x'` };
  }
}

function stageWith(rows: number) {
  const hook = new BatchHook();
  const stage = Stage.for({
    entities: [Lead],
    backfills: [TransformSlug, SetWrongly, Dependent],
    providers: [{ provide: BatchHook, useValue: hook }],
    prepare: (database) =>
      database.query(`INSERT INTO leads (slug) SELECT NULL FROM generate_series(1, ${rows})`),
  });
  return { stage, hook };
}

describe('a complete status is proved', () => {
  const { stage, hook } = stageWith(95);

  it('a run changes the rows that become pending behind the cursor before it reports complete', async () => {
    hook.once(
      () => stage.query('UPDATE leads SET slug = NULL WHERE id IN (3, 17, 31)'),
      (keys) => keys.includes(90),
    );
    expect(await stage.run('transform')).toMatchObject({
      status: 'complete',
      proved: true,
      remaining: 0,
      updated: 98,
    });
    expect(await stage.value('SELECT count(*) FROM leads WHERE slug IS NULL')).toBe('0');
  });

  it('a run of a complete backfill changes the rows that became pending later', async () => {
    await stage.query('INSERT INTO leads (id) VALUES (-5), (1000)');
    expect(await stage.run('transform')).toMatchObject({
      status: 'complete',
      updated: 2,
      nothingToDo: false,
    });
    expect(await stage.run('transform')).toMatchObject({ status: 'complete', updated: 0, nothingToDo: true });
  });

  it('the query in the report finds a row as long as one is pending', async () => {
    const { proof } = await stage.run('transform');
    expect(await stage.value(proof)).toBe('0');
    await stage.query('INSERT INTO leads (id) VALUES (2000)');
    expect(await stage.value(proof)).toBe('1');
  });
});

describe('an application that keeps inserting pending rows', () => {
  const { stage, hook } = stageWith(50);

  it('does not keep a run going forever: the run ends and reports that rows still become pending', async () => {
    hook.always(() => stage.query('INSERT INTO leads (slug) SELECT NULL FROM generate_series(1, 10)'));
    const report = await stage.run('transform');
    expect(report).toMatchObject({ status: 'incomplete', proved: false });
    expect(report.reason).toMatch(/Rows became pending during each of 5 sweeps \(e\.g\. id=\d+\)/);
    hook.never();
    expect(await stage.run('transform')).toMatchObject({ status: 'complete', proved: true });
  });

  it('does not extend a sweep beyond the keys that existed at its start', async () => {
    await stage.query('UPDATE leads SET slug = NULL');
    const rows = Number(await stage.value('SELECT count(*) FROM leads'));
    hook.once(() => stage.query('INSERT INTO leads (slug) SELECT NULL FROM generate_series(1, 1000)'));
    await stage.run('transform');
    const sweeps = await stage.query<{ updated: string }>(
      'SELECT updated FROM nestjs_backfill.range ORDER BY id DESC LIMIT 2',
    );
    expect(sweeps.map(({ updated }) => Number(updated))).toEqual([1000, rows]);
  });
});

describe('the class of an error decides how a run continues', () => {
  const { stage, hook } = stageWith(50);

  it('a statement that PostgreSQL does not accept fails the backfill at once and quarantines no row', async () => {
    const report = await stage.run('set-wrongly');
    expect(report).toMatchObject({ status: 'failed', updated: 0, quarantined: 0, batches: 0 });
    expect(report.reason).toContain('no_such_column');
  });

  it('a BackfillRetryError repeats the batch and quarantines no row', async () => {
    hook.once(() => Promise.reject(new BackfillRetryError('the service does not answer')));
    expect(await stage.run('transform')).toMatchObject({ status: 'complete', updated: 50, quarantined: 0 });
  });
});

describe('a run that makes no progress', () => {
  const { stage, hook } = stageWith(50);

  it('names the backfill that it depends on', async () => {
    expect(await stage.run('dependent')).toMatchObject({
      proved: false,
      waitingFor: 'the backfill "transform"',
    });
  });

  it('names the signal that stopped it, and the next run continues', async () => {
    const stop = new AbortController();
    hook.once(
      async () => stop.abort('SIGTERM'),
      (keys) => keys.includes(20),
    );
    const report = await stage.run('transform', { signal: stop.signal });
    expect(report).toMatchObject({ status: 'incomplete', updated: 20, reason: 'Stopped by SIGTERM.' });
    expect((await stage.status('transform')).reason).toBe('Stopped by SIGTERM.');
    expect(await stage.run('transform')).toMatchObject({ status: 'complete', updated: 30 });
  });

  it('names the person who paused it, and changes nothing', async () => {
    await stage.query(`UPDATE leads SET slug = NULL`);
    await stage.query(
      `UPDATE nestjs_backfill.backfill SET status = 'paused', reason = 'Paused by Ada: sale in progress.' WHERE name = 'transform'`,
    );
    expect(await stage.run('transform')).toMatchObject({
      status: 'paused',
      updated: 0,
      waitingFor: 'a person to resume it: Paused by Ada: sale in progress.',
    });
  });

  it('records every change of status in the ledger with its reason', async () => {
    const steps = await stage.query<{ step: string; reason: string }>(
      `SELECT from_status || ' → ' || to_status AS step, reason FROM nestjs_backfill.transition WHERE name = 'transform' ORDER BY id`,
    );
    expect(steps.map(({ step }) => step)).toEqual([
      'pending → running',
      'running → incomplete',
      'incomplete → running',
      'running → complete',
    ]);
    for (const { reason } of steps) expect(reason).not.toBe('');
  });
});
