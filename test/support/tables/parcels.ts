import {
  Backfill,
  BackfillThrottle,
  type SetBackfill,
  type ThrottleCheck,
  type ThrottleContext,
} from 'nestjs-backfill';
import { Column, Entity, IsNull, PrimaryColumn } from 'typeorm';
import type { TestApplication } from '../applications/application.ts';
import { Stage } from '../applications/stage.ts';

export const PARCELS = 200;

@Entity('parcels')
export class Parcel {
  @PrimaryColumn({ type: 'int' })
  id!: number;

  @Column({ type: 'text', nullable: true })
  label!: string | null;

  @Column({ type: 'int', nullable: true })
  weight!: number | null;
}

/** The options of a backfill of every label. */
export const LABELS = { entity: Parcel, where: { label: IsNull() }, batchSize: 10 };

@Backfill<Parcel>({ ...LABELS, name: 'labels' })
export class Labels implements SetBackfill<Parcel> {
  set() {
    return { label: `'parcel ' || id` };
  }
}

/** Its own limits override those of the module. */
@Backfill<Parcel>({
  ...LABELS,
  name: 'strict',
  throttles: { oldestTransaction: { seconds: 1 }, lockWaiters: false },
})
class Strict extends Labels {}

@Backfill<Parcel>({ ...LABELS, name: 'polled-often', throttles: { interval: 10 } })
export class PolledOften extends Labels {}

@Backfill<Parcel>({ ...LABELS, name: 'polled-seldom', order: 'key', throttles: { interval: 60_000 } })
class PolledSeldom extends Labels {}

/** Its run is long enough for a throttle to become unreadable. */
@Backfill<Parcel>({ ...LABELS, name: 'slow', pause: 50 })
class Slow extends Labels {}

/** Identifies the query of a poll in the network traffic. */
export const POLL_MARK = 'the mark of a poll';

/** Both workers pause after their first batch, and poll meanwhile. */
@Backfill<Parcel>({
  ...LABELS,
  name: 'two-workers',
  // One page cannot be divided between two workers.
  order: 'key',
  workers: 2,
  pause: 3_600_000,
  throttles: { replicaLag: { ignore: [POLL_MARK] } },
})
class TwoWorkers extends Labels {}

@Backfill<Parcel>({ ...LABELS, name: 'unthrottled', throttles: false })
class Unthrottled extends Labels {}

/** A check of the application; a test sets its answer. */
@BackfillThrottle({
  name: 'mail queue',
  backfills: ['labels', 'polled-often', 'polled-seldom', 'slow', 'two-workers'],
})
export class MailQueue implements ThrottleCheck {
  readonly calls: ThrottleContext[] = [];
  answer: (context: ThrottleContext) => Promise<string | null> = async () => null;

  check(context: ThrottleContext) {
    this.calls.push(context);
    return this.answer(context);
  }
}

export const PARCEL_OPTIONS = {
  entities: [Parcel],
  backfills: [Labels, Strict, PolledOften, PolledSeldom, Slow, TwoWorkers, Unthrottled],
  providers: [MailQueue],
  module: {
    leaseDuration: 1_000,
    defaults: { pause: 0 },
    throttles: { interval: 20, unreadableAfter: 300, lockWaiters: { rows: 1 } },
  },
};

export function mailQueueOf({ context }: Pick<TestApplication, 'context'>): MailQueue {
  return context.get(MailQueue);
}

/** Before each test, all parcels are pending, the ledger is empty, and the mail queue does not throttle. */
export function parcelStage(): Stage {
  const stage = Stage.for(PARCEL_OPTIONS);
  beforeEach(async () => {
    const queue = mailQueueOf(stage.application);
    queue.answer = async () => null;
    queue.calls.length = 0;
    await resetParcels(stage);
  });
  return stage;
}

export async function resetParcels(stage: Pick<Stage, 'query'>): Promise<void> {
  await stage.query(`TRUNCATE parcels; INSERT INTO parcels SELECT generate_series(1, ${PARCELS});
    DO $$ BEGIN
      IF to_regclass('nestjs_backfill.range') IS NOT NULL THEN TRUNCATE nestjs_backfill.backfill, nestjs_backfill.control CASCADE; END IF;
    END $$`);
}

/** The report of a run that labelled every parcel. */
export const LABELLED = { status: 'complete', updated: PARCELS, waitingFor: null };
