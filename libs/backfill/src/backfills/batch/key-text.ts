/** Types whose text depends on no setting of the session, or only on those of `exactSettings`. */
const PLAIN_TYPES =
  /^(smallint|integer|bigint|numeric|text|character|uuid|boolean|name|"char"|oid|money|inet|cidr|macaddr8?|bit|real|double precision|interval)\b/;
const ARRAY = /\[\]$/;
const WITH_TIME_ZONE = /^timestamp(\(\d\))? with time zone$/;

/**
 * An SQL expression for the text of a key's column. It is the same in every session, whatever `DateStyle` and `TimeZone`
 * say: a run may be continued by a process of another role, and the ledger compares the texts. JSON has dates in ISO
 * 8601, and the input of each type accepts them with any `DateStyle`.
 *
 * @param type as PostgreSQL prints it, for a domain the type below it
 */
export function keyText(expression: string, type: string): string {
  if (PLAIN_TYPES.test(type)) return `${expression}::text`;
  // The text in hexadecimal, whatever `bytea_output` says.
  if (type === 'bytea') return `pg_catalog.chr(92) || 'x' || pg_catalog.encode(${expression}, 'hex')`;
  if (!WITH_TIME_ZONE.test(type)) return textOfJson(expression);
  const utc = `pg_catalog.to_char(${expression} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US+00 BC')`;
  return `CASE WHEN pg_catalog.isfinite(${expression}) THEN ${utc} ELSE ${expression}::text END`;
}

/** Whether `keyText` exists for a type: not for rows, and not for arrays of values whose text depends on settings. */
export function hasKeyText(type: string): boolean {
  return type !== 'record' && (!ARRAY.test(type) || PLAIN_TYPES.test(type));
}

function textOfJson(expression: string): string {
  return `(pg_catalog.to_json(${expression}) OPERATOR(pg_catalog.#>>) '{}'::text[])`;
}
