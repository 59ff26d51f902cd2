import {
  Backfill,
  type CopyBackfill,
  type ProcessBackfill,
  type ProcessBatch,
  type SetBackfill,
  type TransformBackfill,
} from 'nestjs-backfill';
import { Column, Entity, IsNull, PrimaryColumn, type EntityManager } from 'typeorm';
import type { TestDatabase } from '../../../support/server/database.ts';
import { LockHolder } from '../../../support/server/lock-holder.ts';
import { Recorder } from '../../../support/runs/recorder.ts';
import { Stage } from '../../../support/applications/stage.ts';

@Entity('customers')
class Customer {
  @PrimaryColumn({ type: 'int' })
  id!: number;
}

@Entity('orders')
class Order {
  @PrimaryColumn({ type: 'int' })
  id!: number;

  @Column({ type: 'int' })
  buyer!: number;

  @Column({ type: 'int', name: 'customer_id', nullable: true })
  customerId!: number | null;

  @Column({ type: 'text', unique: true, nullable: true })
  slug!: string | null;

  @Column({ type: 'int', default: 0 })
  touched!: number;
}

@Entity('bills')
class Bill {
  @PrimaryColumn({ type: 'int', name: 'order_id' })
  orderId!: number;

  @Column({ type: 'int', name: 'customer_id' })
  customerId!: number;
}

const PENDING = { entity: Order, where: { customerId: IsNull() } } as const;

@Backfill<Order>({ ...PENDING, name: 'set' })
class SetCustomer implements SetBackfill<Order> {
  set() {
    return { customerId: 'buyer' };
  }
}

@Backfill<Order>({ ...PENDING, name: 'transform', reads: ['buyer'], writes: ['customerId'] })
class TransformCustomer implements TransformBackfill<Order, 'id' | 'buyer'> {
  transform(rows: readonly Pick<Order, 'id' | 'buyer'>[]) {
    return rows.map(({ buyer }) => ({ customerId: buyer }));
  }
}

@Backfill<Order>({ name: 'copy', entity: Order, into: Bill })
class CopyBills implements CopyBackfill<Order, Bill> {
  copy() {
    return { orderId: 'id', customerId: 'buyer' };
  }
}

/** While it holds its rows, it waits for other locks no longer than `lockTimeout`. */
@Backfill<Order>({ ...PENDING, name: 'process', reads: ['id'], batchSize: 8, lockTimeout: 200 })
class ProcessOrders implements ProcessBackfill<Order, 'id'> {
  async process({ rows }: ProcessBatch<Order, 'id'>, manager: EntityManager) {
    const ids = rows.map(({ id }) => id);
    await manager.query('UPDATE orders SET customer_id = buyer WHERE id = ANY($1)', [ids]);
  }
}

@Backfill<Order>({ name: 'slug', entity: Order, where: { slug: IsNull() } })
class SetSlug implements SetBackfill<Order> {
  set() {
    return { slug: `'order-' || id` };
  }
}

const ORDERS = 600;
/** Orders of the locked customer: in different batches, and next to each other. */
const LOCKED_ORDERS = [50, 250, 251];
const LOCKED_CUSTOMER = 7;

const options = {
  entities: [Customer, Order, Bill],
  backfills: [SetCustomer, TransformCustomer, CopyBills, ProcessOrders, SetSlug],
  // In page order, a row that the user moves behind the sweep is changed by the next sweep, at the end of the run.
  module: { defaults: { pause: 0, lockTimeout: 60_000, order: 'key' } },
  prepare: (database: TestDatabase) =>
    database.query(`INSERT INTO customers SELECT generate_series(1, 10);
      INSERT INTO orders (id, buyer)
        SELECT i, CASE WHEN i IN (${LOCKED_ORDERS.join(', ')}) THEN ${LOCKED_CUSTOMER} ELSE 1 + i % 5 END FROM generate_series(1, ${ORDERS}) AS i;
      ALTER TABLE orders ADD FOREIGN KEY (customer_id) REFERENCES customers;
      ALTER TABLE bills ADD FOREIGN KEY (customer_id) REFERENCES customers`),
} as const;

/**
 * Changes one order after another during the run, except those of the locked customer. Its lock timeout is
 * much shorter than the run's, and much longer than a batch takes on any machine.
 */
async function changeOrders(database: TestDatabase, isOver: () => boolean): Promise<number> {
  return database.session(async (user) => {
    await user.query(`SET lock_timeout = '20s'`);
    let changes = 0;
    for (let at = 1; !isOver(); at = (at % ORDERS) + 1) {
      if (LOCKED_ORDERS.includes(at)) continue;
      await user.query('UPDATE orders SET touched = touched + 1 WHERE id = $1', [at]);
      changes++;
    }
    return changes;
  }, 'a user');
}

describe.each(['set', 'transform', 'copy'])(
  '%s: another session has locked a row that the change of a few rows needs',
  (name) => {
    const stage = Stage.for(options);

    it('blocks no other session, changes the other rows meanwhile, and waits for those few rows at its end', async () => {
      const holder = await LockHolder.hold(
        stage.database,
        `SELECT FROM customers WHERE id = ${LOCKED_CUSTOMER} FOR UPDATE`,
      );
      const recorder = new Recorder();
      const running = stage.run(name, { recorder });
      let othersDone = false;
      const changing = changeOrders(stage.database, () => othersDone);
      const done = ORDERS - LOCKED_ORDERS.length;
      await Promise.race([changing, recorder.until(({ progress }) => progress.at(-1)?.updated === done)]);
      othersDone = true;
      expect(await changing).toBeGreaterThan(0);
      await holder.release();
      expect(await running).toMatchObject({
        status: 'complete',
        updated: ORDERS,
        quarantined: 0,
        proved: true,
      });
    });
  },
);

describe.each(['set', 'transform'])(
  'a plan of %s, whose change needs rows that another session has locked',
  (name) => {
    const stage = Stage.for(options);
    afterEach(() => LockHolder.releaseAll());

    it('measures fewer rows, and a preview names the lock at these rows only', async () => {
      const { service } = stage.application;
      const holder = await LockHolder.hold(
        stage.database,
        `SELECT FROM customers WHERE id = ${LOCKED_CUSTOMER} FOR UPDATE`,
      );
      const { plan } = await service.plan({ names: [name] });
      expect(plan).toMatchObject([{ measuredRowsPerSecond: expect.any(Number) as number }]);
      expect(JSON.stringify(plan)).not.toContain('another session');
      // The buyer of every fifth order, the first one included.
      await holder.query('SELECT FROM customers WHERE id = 2 FOR UPDATE');
      const { rows } = await service.preview(name);
      const lock = expect.stringContaining('another session holds a lock that the change needs') as string;
      expect(rows.map(({ error }) => error)).toEqual(
        Array.from({ length: 10 }, (_, at) => (at % 5 === 0 ? lock : null)),
      );
      const { plan: blocked } = await service.plan({ names: [name] });
      expect(blocked).toMatchObject([{ measuredRowsPerSecond: null }]);
      expect(blocked[0]?.warnings.join()).toContain('another session holds a lock that the change needs');
    });
  },
);

describe('process: another session has locked a row that its code needs', () => {
  const stage = Stage.for(options);

  it('changes all other rows and reports how many are left', async () => {
    const holder = await LockHolder.hold(
      stage.database,
      `SELECT FROM customers WHERE id = ${LOCKED_CUSTOMER} FOR UPDATE`,
    );
    expect(await stage.run('process')).toMatchObject({
      status: 'incomplete',
      updated: ORDERS - LOCKED_ORDERS.length,
      skipped: LOCKED_ORDERS.length,
      quarantined: 0,
      waitingFor: expect.stringMatching(
        /the row id=\d+, or one that its change needs \(.* "customers"\)/,
      ) as string,
    });
    await holder.release();
    expect(await stage.run('process')).toMatchObject({ status: 'complete', updated: LOCKED_ORDERS.length });
  });
});

describe('a value of a unique column that another transaction has inserted and not committed', () => {
  const stage = Stage.for(options);

  it('delays only the row that needs the same value', async () => {
    const holder = await LockHolder.hold(
      stage.database,
      `INSERT INTO orders (id, buyer, slug) VALUES (10000, 1, 'order-50')`,
    );
    const recorder = new Recorder();
    const running = stage.run('slug', { recorder });
    await recorder.until(({ progress }) => progress.at(-1)?.updated === ORDERS - 1);
    await holder.release('ROLLBACK');
    expect(await running).toMatchObject({ status: 'complete', updated: ORDERS, quarantined: 0 });
  });
});

describe('a locked table that each change needs', () => {
  const stage = Stage.for({ ...options, module: { defaults: { pause: 0, lockTimeout: 1_000 } } });

  it('stops the run with few skipped rows and none in quarantine', async () => {
    const holder = await LockHolder.hold(stage.database, 'LOCK TABLE customers');
    const report = await stage.run('set');
    expect(report).toMatchObject({ status: 'incomplete', updated: 0, quarantined: 0 });
    expect(report.skipped).toBeLessThan(100);
    expect(report.reason).toContain('No row could be changed');
    await holder.release();
    expect(await stage.run('set')).toMatchObject({ status: 'complete', updated: ORDERS });
  });
});
