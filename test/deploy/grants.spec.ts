import { randomUUID } from 'node:crypto';
import {
  Backfill,
  BackfillService,
  IndexesService,
  MigrationsService,
  OnlineIndex,
  SchemaMigration,
  type ProcessBackfill,
  type SetBackfill,
  type TransformBackfill,
} from 'nestjs-backfill';
import { BackfillRecords } from 'nestjs-backfill/operate';
import type { EntityManager, QueryRunner } from 'typeorm';
import { Column, Entity, IsNull, PrimaryGeneratedColumn } from 'typeorm';
import { GrantsReader } from '../../libs/backfill/src/deploy/grants/grants.reader.ts';
import { renderHousekeeping } from '../../libs/backfill/src/one-shot/output/housekeeping/housekeeping.renderer.ts';
import { TestApplication } from '../support/applications/application.ts';
import { TestDatabase } from '../support/server/database.ts';
import { LockHolder } from '../support/server/lock-holder.ts';

@Entity('orders')
class Order {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column('text')
  email!: string;

  @Column({ type: 'text', nullable: true })
  domain!: string | null;

  @Column({ type: 'text', nullable: true })
  upper!: string | null;

  @Column({ type: 'boolean', nullable: true })
  sent!: boolean | null;
}

/** Its key is a sequence of its own. */
@Entity('archived_orders')
class ArchivedOrder {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: 'int', name: 'order_id', unique: true })
  orderId!: number;
}

@Entity('spam')
class Spam {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column('text')
  text!: string;
}

@OnlineIndex<Order>({ name: 'orders_email', entity: Order, columns: ['email'] })
class OrdersByEmail {}

@Backfill<Order>({ name: 'a-domain', entity: Order, where: { domain: IsNull() }, batchSize: 5 })
class Domain implements SetBackfill<Order> {
  set() {
    return { domain: `split_part(email, '@', 2)` };
  }
}
@Backfill<Order>({
  name: 'b-upper',
  entity: Order,
  where: { upper: IsNull() },
  reads: ['email'],
  writes: ['upper'],
})
class Upper implements TransformBackfill<Order, 'email'> {
  transform(rows: readonly Pick<Order, 'email'>[]) {
    return rows.map(({ email }) => ({ upper: email.toUpperCase() }));
  }
}
@Backfill<Order>({ name: 'c-sent', entity: Order, where: { sent: IsNull() }, reads: ['id'] })
class Sent implements ProcessBackfill<Order, 'id'> {
  async process({ rows }: { readonly rows: readonly Pick<Order, 'id'>[] }, manager: EntityManager) {
    await manager.query('UPDATE orders SET sent = true WHERE id = ANY($1)', [rows.map(({ id }) => id)]);
  }
}
@Backfill<Order>({ name: 'd-archive', entity: Order, into: ArchivedOrder, conflict: ['orderId'] })
class Archive {
  copy() {
    return { orderId: '"this_row"."id"' };
  }
}
@Backfill<Spam>({ name: 'e-spam', entity: Spam, kind: 'purge', where: 'true' })
class PurgeSpam {}

class MakeTables1700000000001 extends SchemaMigration {
  /** Its keys have sequences that somebody must be allowed to use. */
  static override readonly locks = 'off';
  override async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'CREATE TABLE orders (id serial PRIMARY KEY, email text NOT NULL, domain text, upper text, sent boolean)',
    );
    await runner.query('CREATE TABLE archived_orders (id serial PRIMARY KEY, order_id int NOT NULL UNIQUE)');
    await runner.query('CREATE TABLE spam (id serial PRIMARY KEY, text text NOT NULL)');
  }
  override async down(): Promise<void> {}
}
class AddNote1700000000002 extends SchemaMigration {
  override async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE orders ADD COLUMN note text');
  }
  override async down(): Promise<void> {}
}

const BACKFILLS = [Domain, Upper, Sent, Archive, PurgeSpam];
const log = { log: () => undefined, warn: () => undefined };

describe('the statements of --grants', () => {
  let owner: TestDatabase;
  const roles: string[] = [];
  const open: TestApplication[] = [];

  beforeEach(async () => {
    owner = await TestDatabase.create();
    // As in a database whose administrator has taken the rights of everybody away.
    await owner.query(
      `REVOKE ALL ON DATABASE ${owner.name} FROM PUBLIC; REVOKE ALL ON SCHEMA public FROM PUBLIC`,
    );
    await owner.query('ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC');
  });
  afterEach(async () => {
    for (const each of open.splice(0)) await each.stop();
    await owner.drop();
    const admin = await TestDatabase.create();
    for (const role of roles.splice(0)) await admin.query(`DROP ROLE "${role}"`);
    await admin.drop();
  });

  async function createRole(name: string): Promise<TestDatabase> {
    const role = `${name} "${randomUUID().slice(0, 8)}`.replaceAll('"', "'");
    roles.push(role);
    await owner.query(`CREATE ROLE "${role}" LOGIN PASSWORD 'secret'`);
    const url = new URL(owner.url);
    [url.username, url.password] = [role, 'secret'];
    return owner.at(url.href);
  }
  async function start(database: TestDatabase, migrations = [MakeTables1700000000001, AddNote1700000000002]) {
    const application = await TestApplication.start({
      database,
      entities: [Order, ArchivedOrder, Spam],
      backfills: BACKFILLS,
      providers: [OrdersByEmail],
      migrations,
      synchronize: false,
    });
    open.push(application);
    return application;
  }
  async function grant(...given: readonly string[]): Promise<string> {
    const { context } = await start(owner);
    const report = await context.get(GrantsReader, { strict: false }).read(given);
    const sql = renderHousekeeping(report);
    await owner.query(sql);
    return sql;
  }
  /** The errors of the migrations; undefined for none. */
  const migrate = async ({ context }: TestApplication) =>
    (await context.get(MigrationsService).run()).dataSources.map(({ failed }) => failed?.error.message);
  const fill = () =>
    owner.query(`INSERT INTO orders (email) SELECT 'a' || i || '@example.com' FROM generate_series(1, 20) AS i;
      INSERT INTO spam (text) SELECT 'spam' FROM generate_series(1, 20)`);
  const statuses = async (service: BackfillService) =>
    (await service.run()).backfills.map(({ name, status, reason }) => [
      name,
      status,
      status === 'complete' ? '' : reason,
    ]);
  const COMPLETE = BACKFILLS.map((_, at) => [
    ['a-domain', 'b-upper', 'c-sent', 'd-archive', 'e-spam'][at],
    'complete',
    '',
  ]);

  /** What a person does with the running application. */
  async function operate({ context, service }: TestApplication): Promise<void> {
    await service.set('a-domain', { batchSize: 7 });
    expect((await service.status()).backfills).toHaveLength(5);
    expect((await service.plan()).plan.map(({ name }) => name)).toHaveLength(5);
    const records = context.get(BackfillRecords, { strict: false });
    expect(await records.overview()).toMatchObject({ unreadable: [], backfills: { length: 5 } });
    expect(await records.history('a-domain')).toBeDefined();
    expect(await service.prune()).toMatchObject({ pruned: [{}] });
    expect(
      (await context.get(IndexesService, { strict: false }).status()).dataSources[0]?.indexes,
    ).toMatchObject([{ presence: 'exists' }]);
    expect(await context.get(MigrationsService, { strict: false }).status()).toMatchObject({
      phase: 'migrate',
    });
  }

  it('are enough for one role that does everything, on an empty database', async () => {
    const database = await createRole('all');
    const sql = await grant(roles[0] as string);
    expect(sql).toContain('CREATE SCHEMA "nestjs_backfill" AUTHORIZATION');
    const application = await start(database);
    expect(await migrate(application)).toEqual([undefined]);
    await fill();
    expect(await application.context.get(IndexesService).run({ log })).toMatchObject({ outcome: 'done' });
    expect(await statuses(application.service)).toEqual(COMPLETE);
    await operate(application);
  });

  it('are enough for a deploying role and an application role; the application cannot change tables', async () => {
    const [deploying, running] = [await createRole('deploy'), await createRole('app')];
    const [deployRole, appRole] = roles as [string, string];
    await grant(deployRole, appRole);
    const deployment = await start(deploying, [MakeTables1700000000001]);
    expect(await migrate(deployment)).toEqual([undefined]);
    expect(await deployment.context.get(IndexesService).run({ log })).toMatchObject({ outcome: 'done' });
    await fill();
    expect(await statuses(deployment.service)).toEqual(COMPLETE);
    // The tables exist now.
    await grant(deployRole, appRole);
    await owner.query(`UPDATE orders SET domain = NULL, upper = NULL, sent = NULL`);
    await owner.query(`INSERT INTO orders (email) VALUES ('z@example.com')`);
    await owner.query(`INSERT INTO spam (text) VALUES ('spam')`);
    const application = await start(running);
    expect(await statuses(application.service)).toEqual(COMPLETE);
    await operate(application);
    await expect(application.dataSource.query('ALTER TABLE orders ADD COLUMN x int')).rejects.toThrow(
      /must be owner/,
    );
    await expect(application.dataSource.query('DELETE FROM orders')).rejects.toThrow(/permission denied/);
    await expect(application.dataSource.query('DROP TABLE nestjs_backfill.range')).rejects.toThrow(
      /must be owner/,
    );
    // A later release changes tables and adds steps to the ledger.
    const second = await start(deploying);
    expect(await migrate(second)).toEqual([undefined]);
  });

  it('are not printed after a signal, and the command says what it waited for', async () => {
    const { context } = await start(owner);
    const holder = await LockHolder.hold(
      owner,
      'LOCK pg_catalog.pg_attrdef IN ACCESS EXCLUSIVE MODE',
      'a repair',
    );
    const stop = new AbortController();
    const waits: string[] = [];
    const waiting = (wait: string) => {
      waits.push(wait);
      stop.abort('SIGTERM');
    };
    const reader = context.get(GrantsReader, { strict: false });
    try {
      await expect(reader.read([], { signal: stop.signal, waiting })).rejects.toThrow(
        'The command was stopped by SIGTERM',
      );
      expect(waits).toEqual([expect.stringContaining(`a lock held by pid ${holder.pid} (a repair)`)]);
    } finally {
      await holder.release();
    }
  });

  it('give tables and a ledger of another owner to the deploying role', async () => {
    const first = await start(owner);
    expect(await migrate(first)).toEqual([undefined]);
    await fill();
    await first.service.run();
    const database = await createRole('deploy');
    await grant(roles[0] as string);
    await owner.query(`UPDATE orders SET domain = NULL`);
    const application = await start(database);
    expect(await statuses(application.service)).toEqual(COMPLETE);
    expect(await application.context.get(IndexesService).run({ log })).toMatchObject({ outcome: 'done' });
  });

  it('name the role of the connection if none is given', async () => {
    const { context } = await start(owner);
    const report = await context.get(GrantsReader, { strict: false }).read([]);
    expect(report).toMatchObject({ deployingRole: 'postgres', applicationRole: null });
  });
});
