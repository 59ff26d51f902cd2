import pg from 'pg';

/**
 * Values in PostgreSQL's text format. Statements of this library are sent with text parameters and explicit casts,
 * so that no key or value ever passes through a JavaScript number.
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

/** An array literal: `{"a","b",NULL}`. */
export function toArrayText(values: readonly unknown[]): string {
  return `{${values.map(toElementText).join(',')}}`;
}

function toElementText(value: unknown): string {
  if (Array.isArray(value)) return toArrayText(value);
  const text = toText(value);
  return text === null ? 'NULL' : `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

/**
 * A date in the process's own time zone, with its offset, as node-postgres and so TypeORM send it: a column without a time zone
 * keeps the digits and drops the offset, and must hold what the application itself would have written.
 */
function toLocalTime(date: Date): string {
  const local = new Date(0);
  local.setUTCFullYear(date.getFullYear(), date.getMonth(), date.getDate());
  local.setUTCHours(date.getHours(), date.getMinutes(), date.getSeconds(), date.getMilliseconds());
  // Old time zones had seconds in their offsets, which getTimezoneOffset() does not tell.
  const ahead = local.getTime() - date.getTime();
  const zone = new Date(Math.abs(ahead)).toISOString().slice(11, 19);
  const year = date.getFullYear();
  const digits = local.toISOString().slice(-20, -1);
  return `${String(year > 0 ? year : 1 - year).padStart(4, '0')}${digits}${ahead < 0 ? '-' : '+'}${zone}${year > 0 ? '' : ' BC'}`;
}
