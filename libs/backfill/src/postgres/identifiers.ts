/** Quotes a name for SQL. The name may contain quotes and capitals, or be a reserved word. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Quotes a qualified name: `quotePath('public', 'leads')` is `"public"."leads"`. */
export function quotePath(...parts: string[]): string {
  return parts.map(quoteIdentifier).join('.');
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
