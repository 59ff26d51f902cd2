import type { Type } from '@nestjs/common';
import {
  Backfill,
  type CopyBackfill,
  type ProcessBackfill,
  type ProcessBatch,
  type SetBackfill,
  type TransformBackfill,
} from 'nestjs-backfill';
import {
  Column,
  Entity,
  IsNull,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  type EntityManager,
  type FindOptionsWhere,
} from 'typeorm';
import type { TestDatabase } from '../support/server/database.ts';

@Entity('items')
export class Item {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: 'text' })
  tenant!: string;

  @Column({ type: 'text', nullable: true })
  done!: string | null;
}

/** The row that `copy` inserts for an item. */
@Entity('item_copies')
export class ItemCopy {
  @PrimaryColumn({ type: 'int', name: 'item_id' })
  itemId!: number;

  @Column({ type: 'text' })
  done!: string;
}

/** The code of `process` writes one line per row. No constraint prevents a second line. */
@Entity('item_log')
export class ItemLog {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: 'int', name: 'item_id' })
  itemId!: number;
}

export const KINDS = ['set', 'transform', 'process', 'copy', 'purge'] as const;
export type Kind = (typeof KINDS)[number];

/**
 * One worker exchanges some hundred messages with the server; two workers exchange more, over several
 * connections.
 */
export const FORMS = {
  'one-worker': { rows: 40, pace: { batchSize: 10 } },
  'one-worker-by-page': { rows: 40, pace: { batchSize: 10, order: 'page' } },
  // Small batches, so that there are enough ranges for a worker of the other process.
  'two-workers': { rows: 60, pace: { batchSize: 2, workers: 2, maxWorkers: 4 } },
} as const;
export type Form = keyof typeof FORMS;

/** A run to disturb: how it changes rows, and with how many workers. */
export interface Work {
  readonly kind: Kind;
  readonly form: Form;
}
export const WORKS: readonly Work[] = (Object.keys(FORMS) as Form[]).flatMap((form) =>
  KINDS.map((kind) => ({ kind, form })),
);
export const nameOf = ({ kind, form }: Work) => `${kind}-${form}`;

function backfillOf(work: Work): Type {
  const bodies: Record<Kind, () => Type> = {
    set: () =>
      class implements SetBackfill<Item> {
        set() {
          return { done: `'item ' || id` };
        }
      },
    transform: () =>
      class implements TransformBackfill<Item, 'id'> {
        transform(rows: readonly Pick<Item, 'id'>[]) {
          return rows.map(({ id }) => ({ done: `item ${id}` }));
        }
      },
    process: () =>
      class implements ProcessBackfill<Item, 'id'> {
        async process({ rows }: ProcessBatch<Item, 'id'>, manager: EntityManager) {
          const ids = rows.map(({ id }) => id);
          await manager.query('INSERT INTO item_log (item_id) SELECT unnest($1::int[])', [ids]);
          await manager.query(`UPDATE items SET done = 'item ' || id WHERE id = ANY($1)`, [ids]);
        }
      },
    copy: () =>
      class implements CopyBackfill<Item, ItemCopy> {
        copy() {
          return { itemId: 'id', done: `'item ' || id` };
        }
      },
    purge: () => class {},
  };
  const where: FindOptionsWhere<Item> = { done: IsNull() };
  const options = {
    set: { where },
    transform: { where, reads: ['id'], writes: ['done'] },
    process: { where, reads: ['id'] },
    copy: { into: ItemCopy },
    purge: { where, kind: 'purge' },
  } as const;
  const body = bodies[work.kind]();
  Backfill<Item>({
    name: nameOf(work),
    entity: Item,
    tenant: 'tenant',
    ...FORMS[work.form].pace,
    ...options[work.kind],
  })(body);
  return body;
}

export const ITEM_ENTITIES = [Item, ItemCopy, ItemLog] as const;
export const ITEM_BACKFILLS = WORKS.map(backfillOf);

/** Triggers log every change, copy and deletion of an item in the same transaction. */
export async function installAudit(database: TestDatabase): Promise<void> {
  await database.query(`
    CREATE TABLE item_change (item_id int NOT NULL);
    CREATE FUNCTION note_change() RETURNS trigger LANGUAGE plpgsql
      AS 'BEGIN INSERT INTO item_change VALUES (OLD.id); RETURN NULL; END';
    CREATE TRIGGER noted AFTER UPDATE OR DELETE ON items FOR EACH ROW EXECUTE FUNCTION note_change();
    CREATE FUNCTION note_copy() RETURNS trigger LANGUAGE plpgsql
      AS 'BEGIN INSERT INTO item_change VALUES (NEW.item_id); RETURN NULL; END';
    CREATE TRIGGER noted AFTER INSERT ON item_copies FOR EACH ROW EXECUTE FUNCTION note_copy()`);
}

/** Resets the tables and empties the ledger. */
export async function resetItems(database: TestDatabase, { form }: Work): Promise<void> {
  await database.query(`TRUNCATE items, item_copies, item_log, item_change RESTART IDENTITY;
    TRUNCATE nestjs_backfill.backfill, nestjs_backfill.control, nestjs_backfill.tenant_progress, nestjs_backfill.quarantined_row CASCADE;
    INSERT INTO items (tenant) SELECT (i % 3)::text FROM generate_series(1, ${FORMS[form].rows}) AS i`);
}

/** The content of the tables and of the ledger, read in one snapshot. */
export interface ItemsState {
  readonly status: string;
  readonly done: number;
  readonly changes: number;
  /** Items that were not changed, copied or deleted exactly once. */
  readonly notOnce: number;
  /** Lines that `process` has written; for other kinds, the number of items. */
  readonly lines: number;
  readonly inRanges: number;
  readonly inTenants: number;
  readonly unfinishedRanges: number;
}

export function allDoneOnce({ form }: Work): ItemsState {
  const { rows } = FORMS[form];
  return {
    status: 'complete',
    done: rows,
    changes: rows,
    notOnce: 0,
    lines: rows,
    inRanges: rows,
    inTenants: rows,
    unfinishedRanges: 0,
  };
}

export async function readItems(database: TestDatabase, work: Work): Promise<ItemsState> {
  const { rows } = FORMS[work.form];
  const changed = `(SELECT count(*) FROM items WHERE done IS NOT DISTINCT FROM 'item ' || id)`;
  const done = {
    set: changed,
    transform: changed,
    process: changed,
    copy: `(SELECT count(*) FROM items JOIN item_copies AS c ON c.item_id = id WHERE c.done = 'item ' || id AND items.done IS NULL)`,
    purge: `${rows} - (SELECT count(*) FROM items)`,
  } as const satisfies Record<Kind, string>;
  const [row] = await database.query<{ state: ItemsState }>(
    `SELECT json_build_object(
      'status', (SELECT status FROM nestjs_backfill.backfill WHERE name = $1),
      'done', ${done[work.kind]},
      'changes', (SELECT count(*) FROM item_change),
      'notOnce', (SELECT count(*) FROM generate_series(1, ${rows}) AS i WHERE (SELECT count(*) FROM item_change WHERE item_id = i) <> 1),
      'lines', CASE WHEN $2 = 'process' THEN (SELECT count(DISTINCT item_id) + 1000 * (count(*) - count(DISTINCT item_id)) FROM item_log)
        ELSE ${rows} END,
      'inRanges', (SELECT sum(updated) FROM nestjs_backfill.range WHERE name = $1),
      'inTenants', (SELECT sum(updated) FROM nestjs_backfill.tenant_progress WHERE name = $1),
      'unfinishedRanges', (SELECT count(*) FROM nestjs_backfill.range WHERE name = $1 AND state <> 'done')
    ) AS state`,
    [nameOf(work), work.kind],
  );
  return row?.state ?? { ...allDoneOnce(work), status: 'nothing was found' };
}

/**
 * Describes the open transactions of the workers' sessions.
 *
 * @param holding if true, only transactions that hold a lock or have changed a row, because those can block
 * others. A session of a vanished machine that has sent only BEGIN stays until TCP ends it.
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
