import type { Type } from '@nestjs/common';
import { Backfill, type ProcessBatch } from 'nestjs-backfill';
import { EntitySchema, type EntityManager, type EntitySchemaColumnOptions } from 'typeorm';
import type { TestDatabase } from '../server/database.ts';

/**
 * SQL expressions of the key columns by the row's number `i`. The order of the keys differs from that of the
 * numbers.
 */
const KEYS = {
  int: [{ type: 'int', expression: 'i * 3 - 200' }],
  bigint: [{ type: 'bigint', expression: '9007199254740993 + i' }],
  uuid: [{ type: 'uuid', expression: 'md5(i::text)::uuid' }],
  text: [{ type: 'text', expression: `md5(i::text) || ' "it''s"' || i` }],
  composite: [
    { type: 'int', expression: 'i % 5' },
    { type: 'text', expression: 'md5(i::text)' },
  ],
} as const satisfies Record<
  string,
  readonly { readonly type: EntitySchemaColumnOptions['type']; readonly expression: string }[]
>;

export type KeyKind = keyof typeof KEYS;
export const KEY_KINDS = Object.keys(KEYS) as readonly KeyKind[];
export const CHANGES = ['set', 'transform', 'process'] as const;
export type Change = (typeof CHANGES)[number];

interface Row {
  readonly n: number;
  readonly tenant: string;
  readonly touched: number;
  readonly done: string | null;
}

const schemaOf = (kind: KeyKind) =>
  new EntitySchema<Row>({
    name: `random_${kind}`,
    columns: {
      ...Object.fromEntries(KEYS[kind].map(({ type }, at) => [`key${at}`, { type, primary: true } as const])),
      n: { type: 'int' },
      tenant: { type: 'text' },
      touched: { type: 'int', default: 0 },
      done: { type: 'text', nullable: true },
    },
  });
const SCHEMAS = Object.fromEntries(KEY_KINDS.map((kind) => [kind, schemaOf(kind)])) as Record<
  KeyKind,
  EntitySchema<Row>
>;
export const RANDOM_TABLES = Object.values(SCHEMAS);

export const tableOf = (kind: KeyKind) => `random_${kind}`;
export const nameOf = (kind: KeyKind, change: Change) => `${kind}-${change}`;

function backfillOf(kind: KeyKind, change: Change): Type {
  const bodies: Record<Change, Type> = {
    set: class {
      set = () => ({ done: `'done ' || n` });
    },
    transform: class {
      transform = (rows: readonly Row[]) => rows.map(({ n }) => ({ done: `done ${n}` }));
    },
    process: class {
      async process({ rows }: ProcessBatch<Row>, manager: EntityManager) {
        await manager.query(`UPDATE ${tableOf(kind)} SET done = 'done ' || n WHERE n = ANY ($1)`, [
          rows.map(({ n }) => n),
        ]);
      }
    },
  };
  const body = bodies[change];
  Backfill({
    name: nameOf(kind, change),
    entity: SCHEMAS[kind],
    where: 'done IS NULL',
    tenant: 'tenant',
    ...(change === 'set' ? {} : { reads: ['n'] }),
    ...(change === 'transform' ? { writes: ['done'] } : {}),
  })(body);
  return body;
}

export const RANDOM_BACKFILLS = KEY_KINDS.flatMap((kind) =>
  CHANGES.map((change) => backfillOf(kind, change)),
);

/** A trigger logs every change of `done` in the same transaction. */
export async function auditRandomTables(database: TestDatabase): Promise<void> {
  await database.query(`
    CREATE TABLE random_change (n int NOT NULL);
    CREATE FUNCTION log_random_change() RETURNS trigger LANGUAGE plpgsql
      AS 'BEGIN INSERT INTO random_change VALUES (NEW.n); RETURN NULL; END';
    ${KEY_KINDS.map(
      (kind) => `CREATE TRIGGER log_change AFTER UPDATE ON ${tableOf(kind)} FOR EACH ROW
        WHEN (OLD.done IS DISTINCT FROM NEW.done) EXECUTE FUNCTION log_random_change();
      CREATE INDEX ON ${tableOf(kind)} (n);`,
    ).join('\n')}`);
}

/** Inserts a row for each number `i` that meets the condition. */
export async function addRandomRows(
  database: TestDatabase,
  kind: KeyKind,
  from: number,
  to: number,
  condition = 'true',
): Promise<void> {
  const keys = KEYS[kind];
  await database.query(
    `INSERT INTO ${tableOf(kind)} (${keys.map((_, at) => `key${at}`).join(', ')}, n, tenant)
     SELECT ${keys.map(({ expression }) => expression).join(', ')}, i, (i % 4)::text FROM generate_series($1::int, $2::int) AS i WHERE ${condition}`,
    [from, to],
  );
}

export async function clearRandomTable(database: TestDatabase, kind: KeyKind): Promise<void> {
  await database.query(`TRUNCATE ${tableOf(kind)}, random_change;
    TRUNCATE nestjs_backfill.backfill, nestjs_backfill.control, nestjs_backfill.tenant_progress, nestjs_backfill.quarantined_row CASCADE`);
}

/** Counts deviations. Each count is zero if every row was changed once and the ledger counted the change. */
export async function countDeviations(database: TestDatabase, kind: KeyKind, change: Change) {
  const [counts] = await database.query<Record<string, number>>(
    `SELECT
      (SELECT count(*)::int FROM ${tableOf(kind)} WHERE done IS DISTINCT FROM 'done ' || n) AS "notDone",
      (SELECT count(*)::int FROM ${tableOf(kind)} AS t WHERE NOT EXISTS (SELECT FROM random_change AS c WHERE c.n = t.n)) AS "notLogged",
      (SELECT (count(*) - count(DISTINCT n))::int FROM random_change) AS "twice",
      (SELECT coalesce(sum(updated), 0)::int FROM nestjs_backfill.range WHERE name = $1) - (SELECT count(*)::int FROM random_change) AS "miscounted",
      (SELECT coalesce(sum(updated), 0)::int FROM nestjs_backfill.tenant_progress WHERE name = $1) - (SELECT count(*)::int FROM random_change) AS "miscountedByTenant",
      (SELECT count(*)::int FROM nestjs_backfill.quarantined_row) AS "quarantined",
      (SELECT count(*)::int FROM nestjs_backfill.range WHERE name = $1 AND state <> 'done') AS "unfinished",
      (SELECT count(*)::int FROM pg_stat_activity WHERE datname = current_database() AND application_name NOT LIKE 'test%'
        AND state LIKE 'idle in transaction%') AS "idleInTransaction"`,
    [nameOf(kind, change)],
  );
  return counts;
}
