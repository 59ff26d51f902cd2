import { BackfillError } from '../../errors/backfill.error.js';
import { quoteIdentifier } from '../identifiers.js';

/**
 * The `search_path` of the role finds objects of a schema before those of PostgreSQL, and other roles can create
 * objects there, e.g. an operator `=`. They would run with the rights of this role.
 *
 * @publicApi
 */
export class UnsafeSearchPathError extends BackfillError {
  /** @param role whose connection has the path */
  constructor(role: string, schema: string) {
    const [quotedRole, quotedSchema] = [quoteIdentifier(role), quoteIdentifier(schema)];
    super(
      `The search_path of the role ${quotedRole} names ${quotedSchema} before pg_catalog, and another role can create functions and operators there or has created some: they would run as ${quotedRole} instead of those of PostgreSQL.`,
      {
        subject: schema,
        remedy: `Leave pg_catalog out of the search_path, so that it comes first: ALTER ROLE ${quotedRole} SET search_path = ${quotedSchema}. Or take the right away (REVOKE CREATE ON SCHEMA ${quotedSchema} FROM …), and drop what others have created there with names of PostgreSQL.`,
      },
    );
  }
}

/**
 * SQL condition: an object of this owner is not dangerous, because the owner is a superuser, this role, or the owner of
 * the schema or of the database, whose rights include this role's tables there.
 */
function isTrusted(owner: string): string {
  return `EXISTS (SELECT FROM pg_catalog.pg_roles AS r WHERE r.oid OPERATOR(pg_catalog.=) ${owner}
    AND (r.rolsuper OR r.rolname OPERATOR(pg_catalog.=) current_user OR r.rolname OPERATOR(pg_catalog.=) 'pg_database_owner'
      OR r.oid OPERATOR(pg_catalog.=) n.nspowner
      OR EXISTS (SELECT FROM pg_catalog.pg_database AS d WHERE d.datdba OPERATOR(pg_catalog.=) r.oid
        AND d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database())))`;
}

/** SQL condition: an object of the schema `n` has the name of one of PostgreSQL, and an owner that is not trusted. */
function isShadowed({ catalog, prefix }: { readonly catalog: string; readonly prefix: string }): string {
  const [name, schema, owner] = ['name', 'namespace', 'owner'].map((column) => `${prefix}${column}`);
  return `EXISTS (SELECT FROM pg_catalog.${catalog} AS o WHERE o.${schema} OPERATOR(pg_catalog.=) n.oid AND NOT ${isTrusted(`o.${owner}`)}
    AND EXISTS (SELECT FROM pg_catalog.${catalog} AS own WHERE own.${name} OPERATOR(pg_catalog.=) o.${name}
      AND own.${schema} OPERATOR(pg_catalog.=) 'pg_catalog'::pg_catalog.regnamespace::pg_catalog.oid))`;
}

const SHADOWS = [
  { catalog: 'pg_proc', prefix: 'pro' },
  { catalog: 'pg_operator', prefix: 'opr' },
  { catalog: 'pg_type', prefix: 'typ' },
  { catalog: 'pg_class', prefix: 'rel' },
];

/**
 * An SQL query of the first schema that the `search_path` names before pg_catalog although another role can create
 * objects there; no row if there is none. It runs with such a path, so it names the schema of each operator and type,
 * and has no IN, BETWEEN or LIKE, whose operators the path finds.
 */
export const UNSAFE_SCHEMA = `SELECT n.nspname::pg_catalog.text
  FROM pg_catalog.unnest(pg_catalog.current_schemas(true)) WITH ORDINALITY AS path (name, place)
  JOIN pg_catalog.pg_namespace AS n ON n.nspname OPERATOR(pg_catalog.=) path.name
  WHERE path.place OPERATOR(pg_catalog.<) pg_catalog.array_position(pg_catalog.current_schemas(true), 'pg_catalog'::pg_catalog.name)
    AND n.oid OPERATOR(pg_catalog.<>) pg_catalog.pg_my_temp_schema()
    AND (EXISTS (SELECT FROM pg_catalog.aclexplode(n.nspacl) AS a
        WHERE a.privilege_type OPERATOR(pg_catalog.=) 'CREATE' AND NOT ${isTrusted('a.grantee')})
      OR ${SHADOWS.map(isShadowed).join('\n      OR ')})
  ORDER BY path.place LIMIT 1`;
