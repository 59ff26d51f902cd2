import { number } from '../../postgres/decoders.js';
import { quotePath } from '../../postgres/identifiers.js';
import type { Session } from '../../postgres/session.js';
import { applyPolicy } from '../../postgres/timeout-policy.js';
import { mentionsColumn } from '../definition/column-mentions.js';
import { ROW, type BackfillDefinition } from '../definition/definition.js';
import { PLAN_TIMEOUTS } from './rehearsal/plan-timeouts.js';

/** The version from which a generated column can be virtual. */
const VIRTUAL_FROM = 180_000;

/**
 * Whether the new value needs no rewrite of the rows: a constant can be the default of the column, and an
 * immutable expression of the row alone can be a virtual generated column. PostgreSQL itself decides, on an
 * empty table that is rolled back.
 */
export async function findWayWithoutRewrite(
  session: Session,
  definition: BackfillDefinition,
  ledgerSchema: string,
): Promise<'default' | 'virtual-column' | null> {
  if (definition.kind !== 'set' || definition.assignments.length !== 1) return null;
  const [assignment] = definition.assignments;
  const written = assignment?.column.slice(1, -1).replaceAll('""', '"');
  if (!assignment || !written || !mentionsColumn(definition.pending.text, written)) return null;
  const { expression } = assignment;
  const { last } = await session.send([{ text: `SELECT pg_catalog.current_setting('server_version_num')` }]);
  const type = await typeOf(session, definition.table, written);
  const attempt = { schema: ledgerSchema, type, expression };
  if (await isGenerated(session, { ...attempt, columns: '', kind: 'STORED' })) return 'default';
  const columns = `LIKE ${definition.table}`;
  return last.value(number) >= VIRTUAL_FROM &&
    (await isGenerated(session, { ...attempt, columns, kind: 'VIRTUAL' }))
    ? 'virtual-column'
    : null;
}

async function typeOf(session: Session, table: string, column: string): Promise<string> {
  const { last } = await session.send([
    {
      text: `SELECT pg_catalog.format_type(atttypid, atttypmod) FROM pg_catalog.pg_attribute WHERE attrelid = pg_catalog.to_regclass($1)::oid AND attname = $2`,
      values: [table, column],
    },
  ]);
  return last.rows[0]?.[0] ?? 'text';
}

interface GeneratedColumn {
  readonly schema: string;
  readonly columns: string;
  readonly type: string;
  readonly expression: string;
  readonly kind: 'STORED' | 'VIRTUAL';
}

async function isGenerated(
  session: Session,
  { schema, columns, type, expression, kind }: GeneratedColumn,
): Promise<boolean> {
  // Under the schema of the ledger, which may not exist yet. The name is the one by which the SQL refers to the row.
  const table = `${quotePath(schema)}.${ROW}`;
  try {
    await session.begin([
      applyPolicy(PLAN_TIMEOUTS),
      { text: `CREATE SCHEMA IF NOT EXISTS ${quotePath(schema)}` },
      { text: `CREATE TABLE ${table} (${columns})` },
      {
        text: `ALTER TABLE ${table} ADD COLUMN nb_value ${type} GENERATED ALWAYS AS (${expression}) ${kind}`,
      },
    ]);
    return true;
  } catch {
    return false;
  } finally {
    await session.rollback();
  }
}
