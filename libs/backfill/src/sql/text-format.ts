/**
 * Values in PostgreSQL's text format. Statements of this library are sent with text parameters and explicit casts,
 * so that no key or value ever passes through a JavaScript number.
 */
export function toText(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean')
    return String(value);
  if (value instanceof Date) return value.toISOString();
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
