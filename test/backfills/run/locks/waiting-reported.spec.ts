import { Inject } from '@nestjs/common';
import { Backfill, type TransformBackfill } from 'nestjs-backfill';
import { Column, Entity, IsNull, PrimaryColumn } from 'typeorm';
import { BatchHook } from '../../../support/runs/batch-hook.ts';
import { LockHolder } from '../../../support/server/lock-holder.ts';
import { Recorder } from '../../../support/runs/recorder.ts';
import { Stage } from '../../../support/applications/stage.ts';
import { until } from '../../../support/runs/until.ts';

@Entity('parcels')
class Parcel {
  @PrimaryColumn({ type: 'int' })
  id!: number;

  @Column({ type: 'text', nullable: true })
  label!: string | null;
}

@Backfill<Parcel>({
  name: 'labels',
  entity: Parcel,
  where: { label: IsNull() },
  reads: [],
  writes: ['label'],
})
class Labels implements TransformBackfill<Parcel, 'id'> {
  constructor(@Inject(BatchHook) private readonly hook: BatchHook) {}

  async transform(rows: readonly Pick<Parcel, 'id'>[]) {
    await this.hook.run(rows.map(({ id }) => id));
    return rows.map(({ id }) => ({ label: `parcel ${id}` }));
  }
}

describe('a run that waits for a locked table', () => {
  const hook = new BatchHook();
  const stage = Stage.for({
    entities: [Parcel],
    backfills: [Labels],
    providers: [{ provide: BatchHook, useValue: hook }],
    prepare: (database) => database.query('INSERT INTO parcels SELECT generate_series(1, 500)'),
  });

  it('reports the blocking session while it waits, in its log and in the status', async () => {
    let holder: LockHolder | undefined;
    hook.once(async () => {
      holder = await LockHolder.hold(stage.database, 'LOCK TABLE parcels', 'a migration by hand');
    });
    const recorder = new Recorder();
    const run = stage.run('labels', { recorder });
    await recorder.until(({ waits }) =>
      waits.some(({ waitingFor }) => waitingFor.includes('(a migration by hand)')),
    );
    await until(
      async () => (await stage.status('labels')).waitingFor?.includes('(a migration by hand)') ?? false,
    );
    await holder?.release();
    expect(await run).toMatchObject({ status: 'complete', updated: 500, waitingFor: null });
    expect((await stage.status('labels')).waitingFor).toBeNull();
  });
});
