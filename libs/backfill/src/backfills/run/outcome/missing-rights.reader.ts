import { boolean, text } from '../../../postgres/decoders.js';
import { quoteIdentifier } from '../../../postgres/identifiers.js';
import type { Session } from '../../../postgres/session.js';
import type { BackfillDefinition } from '../../definition/definition.js';
import { LEDGER_RIGHTS, TABLE_RIGHTS } from '../../definition/table-rights.js';

export interface MissingRights {
  readonly role: string;
  /** GRANT statements; empty if the role has every right that a batch itself needs. */
  readonly grants: readonly string[];
}

/** @param schema the schema of the ledger, not quoted */
export async function readMissingRights(
  session: Session,
  { table, kind }: Pick<BackfillDefinition, 'table' | 'kind'>,
  schema: string,
): Promise<MissingRights> {
  const result = await session.send([
    { text: 'SELECT current_user' },
    {
      text: `SELECT privilege FROM pg_catalog.unnest($2::text[]) AS privilege
        WHERE pg_catalog.to_regclass($1) IS NOT NULL AND NOT CASE WHEN privilege = 'DELETE' THEN pg_catalog.has_table_privilege(pg_catalog.to_regclass($1), privilege)
          ELSE pg_catalog.has_any_column_privilege(pg_catalog.to_regclass($1), privilege) END`,
      values: [table, `{${TABLE_RIGHTS[kind].join(',')}}`],
    },
    {
      text: `SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = $1 AND NOT pg_catalog.has_schema_privilege(oid, 'USAGE')),
        EXISTS (SELECT FROM pg_catalog.pg_class AS c CROSS JOIN pg_catalog.unnest($2::text[]) AS privilege
          WHERE c.relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = $1) AND c.relkind = 'r' AND NOT pg_catalog.has_table_privilege(c.oid, privilege))`,
      values: [schema, `{${LEDGER_RIGHTS.join(',')}}`],
    },
  ]);
  const role = result.at(0).value(text);
  const missing = result.at(1).values(text);
  const { schemaUsage, ledgerTables } = result.last.one({ schemaUsage: boolean, ledgerTables: boolean });
  const to = `TO ${quoteIdentifier(role)}`;
  const ledger = quoteIdentifier(schema);
  return {
    role,
    grants: [
      ...(missing.length > 0 ? [`GRANT ${missing.join(', ')} ON ${table} ${to}`] : []),
      ...(schemaUsage ? [`GRANT USAGE ON SCHEMA ${ledger} ${to}`] : []),
      ...(ledgerTables ? [`GRANT ${LEDGER_RIGHTS.join(', ')} ON ALL TABLES IN SCHEMA ${ledger} ${to}`] : []),
    ],
  };
}
