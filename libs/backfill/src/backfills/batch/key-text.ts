/** Types whose text depends on no setting of the session, or only on those of `exactSettings`. */
const PLAIN_TYPES =
  /^(smallint|integer|bigint|numeric|text|character|uuid|boolean|name|"char"|oid|money|inet|cidr|macaddr8?|bit|real|double precision|interval)\b/;
const ARRAY = /\[\]$/;
/** As `BASE_TYPE` of the table inspector names a range and a multirange. */
const RANGE = /^(range|multirange) of (.*)$/;
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
  const [, kind, subtype] = RANGE.exec(type) ?? [];
  if (kind === 'multirange') return textOfRanges(expression, subtype ?? '');
  if (kind === 'range') return textOfRange(expression, subtype ?? '');
  if (!WITH_TIME_ZONE.test(type)) return textOfJson(expression);
  const utc = `pg_catalog.to_char(${expression} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US+00 BC')`;
  return `CASE WHEN pg_catalog.isfinite(${expression}) THEN ${utc} ELSE ${expression}::text END`;
}

/**
 * Whether `keyText` exists for a type: not for rows, and not for arrays of values whose text depends on settings, or
 * ranges of such arrays.
 */
export function hasKeyText(type: string): boolean {
  const element = RANGE.exec(type)?.[2] ?? type;
  return element !== 'record' && (!ARRAY.test(element) || PLAIN_TYPES.test(element));
}

/** The text of a tenant, which the ledger compares too. */
export function tenantText(expression: string, type: string): string {
  return hasKeyText(type) ? keyText(expression, type) : `${expression}::text`;
}

/** The text has the bounds between quotes, which each range accepts. An absent bound is infinite. */
function textOfRange(expression: string, subtype: string): string {
  const bound = (end: 'lower' | 'upper') => {
    const text = keyText(`pg_catalog.${end}(${expression})`, subtype);
    const quoted = `pg_catalog.replace(pg_catalog.replace(${text}, pg_catalog.chr(92), pg_catalog.repeat(pg_catalog.chr(92), 2)), '"', '""')`;
    return `coalesce('"' || ${quoted} || '"', '')`;
  };
  const first = `CASE WHEN pg_catalog.lower_inc(${expression}) THEN '[' ELSE '(' END`;
  const last = `CASE WHEN pg_catalog.upper_inc(${expression}) THEN ']' ELSE ')' END`;
  return `CASE WHEN pg_catalog.isempty(${expression}) THEN 'empty' ELSE ${first} || ${bound('lower')} || ',' || ${bound('upper')} || ${last} END`;
}

function textOfRanges(expression: string, subtype: string): string {
  const range = textOfRange('nb_range', subtype);
  return `(SELECT '{' || coalesce(pg_catalog.string_agg(${range}, ','), '') || '}' FROM pg_catalog.unnest(${expression}) AS nb_range)`;
}

function textOfJson(expression: string): string {
  return `(pg_catalog.to_json(${expression}) OPERATOR(pg_catalog.#>>) '{}'::text[])`;
}
