/** Quotes a name for SQL. The name may contain quotes and capitals, or be a reserved word. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Quotes a qualified name: `quotePath('public', 'leads')` is `"public"."leads"`. */
export function quotePath(...parts: string[]): string {
  return parts.map(quoteIdentifier).join('.');
}

/** An SQL expression that quotes a name as `quoteIdentifier` does. @param name an SQL expression */
function quotedName(name: string): string {
  return `'"' || pg_catalog.replace(${name}, '"', '""') || '"'`;
}

/**
 * An SQL expression that quotes the qualified name of a table as `quotePath` does.
 *
 * @param schema the alias of its row of `pg_namespace`
 * @param table the alias of its row of `pg_class`
 */
export function quotedTable(schema: string, table: string): string {
  return `${quotedName(`${schema}.nspname`)} || '.' || ${quotedName(`${table}.relname`)}`;
}

/**
 * Quotes a value for SQL that a person reads or pastes. Statements that this library sends use parameters
 * instead.
 */
export function quoteLiteral(value: string | null): string {
  return value === null ? 'NULL' : `'${value.replaceAll("'", "''")}'`;
}

/** A value in a statement that is sent without parameters, whatever the setting standard_conforming_strings is. */
export function escapedLiteral(value: string): string {
  const quoted = quoteLiteral(value);
  return quoted.includes('\\') ? `E${quoted.replaceAll('\\', '\\\\')}` : quoted;
}
