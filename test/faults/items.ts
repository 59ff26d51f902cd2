import {
  Backfill,
  type ProcessBackfill,
  type ProcessBatch,
  type SetBackfill,
  type TransformBackfill,
} from 'nestjs-backfill';
import { Column, Entity, IsNull, PrimaryGeneratedColumn, type EntityManager } from 'typeorm';
import type { TestDatabase } from '../support/database.ts';

/** Rows of a run: some hundred messages between the worker and the server. */
export const ITEMS = 40;
const BATCH = 10;

@Entity('items')
export class Item {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: 'text' })
  tenant!: string;

  @Column({ type: 'text', name: 'by_set', nullable: true })
  bySet!: string | null;

  @Column({ type: 'text', name: 'by_transform', nullable: true })
  byTransform!: string | null;

  @Column({ type: 'text', name: 'by_process', nullable: true })
  byProcess!: string | null;
}

/** One line for each time that the code of `process` has done a row: nothing keeps a second one out. */
@Entity('item_log')
export class ItemLog {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: 'int', name: 'item_id' })
  itemId!: number;
}

@Backfill<Item>({ name: 'set', entity: Item, where: { bySet: IsNull() }, tenant: 'tenant', batchSize: BATCH })
class SetItems implements SetBackfill<Item> {
  set() {
    return { bySet: `'item ' || id` };
  }
}

@Backfill<Item>({
  name: 'transform',
  entity: Item,
  where: { byTransform: IsNull() },
  tenant: 'tenant',
  reads: ['id'],
  writes: ['byTransform'],
  batchSize: BATCH,
})
class TransformItems implements TransformBackfill<Item, 'id'> {
  transform(rows: readonly Pick<Item, 'id'>[]) {
    return rows.map(({ id }) => ({ byTransform: `item ${id}` }));
  }
}

@Backfill<Item>({
  name: 'process',
  entity: Item,
  where: { byProcess: IsNull() },
  tenant: 'tenant',
  reads: ['id'],
  batchSize: BATCH,
})
class ProcessItems implements ProcessBackfill<Item, 'id'> {
  async process({ rows }: ProcessBatch<Item, 'id'>, manager: EntityManager) {
    const ids = rows.map(({ id }) => id);
    await manager.query('INSERT INTO item_log (item_id) SELECT unnest($1::int[])', [ids]);
    await manager.query(`UPDATE items SET by_process = 'item ' || id WHERE id = ANY($1)`, [ids]);
  }
}

export const KINDS = ['set', 'transform', 'process'] as const;
export type Kind = (typeof KINDS)[number];
export const ITEM_ENTITIES = [Item, ItemLog] as const;
export const ITEM_BACKFILLS = [SetItems, TransformItems, ProcessItems] as const;

/** Every change of an item leaves a line, in the transaction that made it. */
export async function installAudit(database: TestDatabase): Promise<void> {
  await database.query(`
    CREATE TABLE item_change (item_id int NOT NULL);
    CREATE FUNCTION note_change() RETURNS trigger LANGUAGE plpgsql
      AS 'BEGIN INSERT INTO item_change VALUES (NEW.id); RETURN NULL; END';
    CREATE TRIGGER noted AFTER UPDATE ON items FOR EACH ROW EXECUTE FUNCTION note_change()`);
}

/** Nothing is done, and the ledger knows of nothing. */
export async function resetItems(database: TestDatabase): Promise<void> {
  await database.query(`TRUNCATE items, item_log, item_change RESTART IDENTITY;
    TRUNCATE nestjs_backfill.backfill, nestjs_backfill.tenant_progress, nestjs_backfill.quarantined_row CASCADE;
    INSERT INTO items (tenant) SELECT (i % 3)::text FROM generate_series(1, ${ITEMS}) AS i`);
}

/** What the tables hold and what the ledger says, in one look. */
export interface ItemsLook {
  readonly status: string;
  readonly done: number;
  readonly changes: number;
  /** Items that were changed other than once. */
  readonly notOnce: number;
  /** Lines that `process` has written; for the other kinds as many as there are items. */
  readonly lines: number;
  readonly inRanges: number;
  readonly inTenants: number;
  readonly unfinishedRanges: number;
}

export const EACH_ONCE: ItemsLook = {
  status: 'complete',
  done: ITEMS,
  changes: ITEMS,
  notOnce: 0,
  lines: ITEMS,
  inRanges: ITEMS,
  inTenants: ITEMS,
  unfinishedRanges: 0,
};

export async function lookAtItems(database: TestDatabase, kind: Kind): Promise<ItemsLook> {
  const [row] = await database.query<{ look: ItemsLook }>(
    `SELECT json_build_object(
      'status', (SELECT status FROM nestjs_backfill.backfill WHERE name = $1),
      'done', (SELECT count(*) FROM items WHERE by_${kind} IS NOT DISTINCT FROM 'item ' || id),
      'changes', (SELECT count(*) FROM item_change),
      'notOnce', (SELECT count(*) FROM items WHERE (SELECT count(*) FROM item_change WHERE item_id = items.id) <> 1),
      'lines', CASE WHEN $1 = 'process' THEN (SELECT count(DISTINCT item_id) + 1000 * (count(*) - count(DISTINCT item_id)) FROM item_log)
        ELSE ${ITEMS} END,
      'inRanges', (SELECT sum(updated) FROM nestjs_backfill.range WHERE name = $1),
      'inTenants', (SELECT sum(updated) FROM nestjs_backfill.tenant_progress WHERE name = $1),
      'unfinishedRanges', (SELECT count(*) FROM nestjs_backfill.range WHERE name = $1 AND state <> 'done')
    ) AS look`,
    [kind],
  );
  return row?.look ?? { ...EACH_ONCE, status: 'nothing was found' };
}

/**
 * Transactions that the sessions of workers have open, in words.
 *
 * @param holding only those that anybody could notice: they hold a lock or a row. After a BEGIN alone there is nothing
 * that would end the session of a machine that is gone, before TCP does.
 */
export async function openTransactions(database: TestDatabase, holding: boolean): Promise<readonly string[]> {
  const locks = `pg_locks AS l WHERE l.pid = a.pid AND l.locktype <> 'virtualxid'`;
  const rows = await database.query<{ described: string }>(
    `
    SELECT format('%s, %s, waiting for %s, locks: %s, %s', application_name, state, wait_event,
      (SELECT string_agg(DISTINCT mode || ' on ' || coalesce(relation::regclass::text, locktype), ', ') FROM ${locks}),
      left(query, 60)) AS described
    FROM pg_stat_activity AS a
    WHERE datname = current_database() AND application_name <> 'test' AND backend_type = 'client backend'
      AND (xact_start IS NOT NULL OR state LIKE 'idle in transaction%')
      AND (NOT $1 OR backend_xid IS NOT NULL OR EXISTS (SELECT FROM ${locks}))`,
    [holding],
  );
  return rows.map(({ described }) => described);
}
