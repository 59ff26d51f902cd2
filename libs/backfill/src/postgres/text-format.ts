import pg from 'pg';

/**
 * A value in PostgreSQL's text format. This library sends text parameters with explicit casts, so that no key
 * or value loses precision in a JavaScript number.
 */
export function toText(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean')
    return String(value);
  if (value instanceof Date)
    return pg.defaults.parseInputDatesAsUTC ? value.toISOString() : toLocalTime(value);
  if (value instanceof Uint8Array) return `\\x${Buffer.from(value).toString('hex')}`;
  if (Array.isArray(value)) return toArrayText(value);
  return JSON.stringify(value);
}

/** An array literal, such as `{"a","b",NULL}`. */
export function toArrayText(values: readonly unknown[]): string {
  return `{${values.map(toElementText).join(',')}}`;
}

function toElementText(value: unknown): string {
  if (Array.isArray(value)) return toArrayText(value);
  const text = toText(value);
  return text === null ? 'NULL' : `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

/**
 * A date in the time zone of the process, with its offset, as node-postgres and TypeORM write it. A column
 * without time zone ignores the offset, so it gets the same value as if the application had written it.
 */
function toLocalTime(date: Date): string {
  const local = new Date(0);
  local.setUTCFullYear(date.getFullYear(), date.getMonth(), date.getDate());
  local.setUTCHours(date.getHours(), date.getMinutes(), date.getSeconds(), date.getMilliseconds());
  // Offsets of historical time zones have seconds, which getTimezoneOffset() does not return.
  const offsetMs = local.getTime() - date.getTime();
  const zone = new Date(Math.abs(offsetMs)).toISOString().slice(11, 19);
  const year = date.getFullYear();
  const digits = local.toISOString().slice(-20, -1);
  return `${String(year > 0 ? year : 1 - year).padStart(4, '0')}${digits}${offsetMs < 0 ? '-' : '+'}${zone}${year > 0 ? '' : ' BC'}`;
}

/** SQL expression for a timestamp as ISO 8601 in UTC. */
export function isoTime(expression: string): string {
  return `pg_catalog.to_char(${expression} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
}
