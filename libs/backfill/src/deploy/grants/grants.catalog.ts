import { boolean, nullable, text } from '../../postgres/decoders.js';
import type { Session } from '../../postgres/session.js';
import { findTarget } from '../../ledger/target/target.js';

/** A table of the application, and who owns it. */
export interface OwnedTable {
  /** Quoted and qualified. */
  readonly name: string;
  /** Quoted. */
  readonly schema: string;
  /** Null: the table does not exist yet. */
  readonly owner: string | null;
  /** Quoted and qualified sequences of its columns' defaults. An identity column needs no right on its sequence. */
  readonly sequences: readonly string[];
  /** Every partition and inheriting table, at any depth. A right on the table, and its ownership, do not include them. */
  readonly partitions: readonly Partition[];
}

/** A partition of a table of the application. */
export interface Partition {
  /** Quoted and qualified. */
  readonly name: string;
  /** Quoted. */
  readonly schema: string;
  readonly owner: string;
  readonly isForeign: boolean;
}

/** An object of the ledger with another owner than the role that shall upgrade it. */
export interface LedgerObject {
  readonly kind: 'TABLE' | 'VIEW' | 'FUNCTION';
  /** Quoted and qualified; a function with its arguments. */
  readonly name: string;
  readonly owner: string;
}

/** @param table as SQL: quoted, and qualified unless the `search_path` decides */
export async function readTable(session: Session, table: string): Promise<OwnedTable> {
  const { name } = await findTarget(session, table);
  const result = await session.send([
    {
      text: `SELECT pg_catalog.quote_ident((pg_catalog.parse_ident($1))[1]),
        (SELECT pg_catalog.pg_get_userbyid(relowner) FROM pg_catalog.pg_class WHERE oid = pg_catalog.to_regclass($1))`,
      values: [name],
    },
    {
      text: `SELECT DISTINCT pg_catalog.format('%I.%I', n.nspname, s.relname)
        FROM pg_catalog.pg_attrdef AS d
        JOIN pg_catalog.pg_depend AS used ON used.classid = 'pg_catalog.pg_attrdef'::regclass AND used.objid = d.oid
          AND used.refclassid = 'pg_catalog.pg_class'::regclass
        JOIN pg_catalog.pg_class AS s ON s.oid = used.refobjid AND s.relkind = 'S'
        JOIN pg_catalog.pg_namespace AS n ON n.oid = s.relnamespace
        WHERE d.adrelid = pg_catalog.to_regclass($1) ORDER BY 1`,
      values: [name],
    },
    {
      text: `WITH RECURSIVE part (oid) AS (
          SELECT pg_catalog.to_regclass($1)::oid
          UNION SELECT h.inhrelid FROM part JOIN pg_catalog.pg_inherits AS h ON h.inhparent = part.oid
        ) SELECT pg_catalog.format('%I.%I', n.nspname, c.relname), pg_catalog.quote_ident(n.nspname), pg_catalog.pg_get_userbyid(c.relowner),
          c.relkind = 'f'
        FROM part JOIN pg_catalog.pg_class AS c ON c.oid = part.oid JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
        WHERE part.oid <> pg_catalog.to_regclass($1)::oid ORDER BY 1`,
      values: [name],
    },
  ]);
  const { schema, owner } = result.at(0).one({ schema: text, owner: nullable(text) });
  const partitions = result.last.all({ name: text, schema: text, owner: text, isForeign: boolean });
  return { name, schema, owner, sequences: result.at(1).values(text), partitions };
}

export interface DatabaseFacts {
  readonly database: string;
  readonly currentUser: string;
  readonly hasLedger: boolean;
  /** Null without a ledger. */
  readonly ledgerOwner: string | null;
  readonly ledgerObjects: readonly LedgerObject[];
}

/** @param schema of the ledger, not quoted */
export async function readDatabaseFacts(session: Session, schema: string): Promise<DatabaseFacts> {
  const result = await session.send([
    {
      text: `SELECT pg_catalog.current_database(), current_user, EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = $1),
        (SELECT pg_catalog.pg_get_userbyid(nspowner) FROM pg_catalog.pg_namespace WHERE nspname = $1)`,
      values: [schema],
    },
    {
      text: `SELECT CASE c.relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END, pg_catalog.format('%I.%I', n.nspname, c.relname), pg_catalog.pg_get_userbyid(c.relowner)
          FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
          WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'v')
        UNION ALL SELECT 'FUNCTION', pg_catalog.format('%I.%I(%s)', n.nspname, p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid)),
            pg_catalog.pg_get_userbyid(p.proowner)
          FROM pg_catalog.pg_proc AS p JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace WHERE n.nspname = $1
        ORDER BY 1 DESC, 2`,
      values: [schema],
    },
  ]);
  return {
    ...result
      .at(0)
      .one({ database: text, currentUser: text, hasLedger: boolean, ledgerOwner: nullable(text) }),
    ledgerObjects: result.last.all({
      kind: text as (value: string | null) => LedgerObject['kind'],
      name: text,
      owner: text,
    }),
  };
}
