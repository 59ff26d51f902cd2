import type { Parameters } from '../../postgres/parameters.js';

/**
 * A type for which canonical texts are equal exactly if their values are equal. So values can be compared
 * instead of texts.
 */
interface CanonicalType {
  readonly type: RegExp;
  readonly isCanonical: (text: string) => boolean;
}

const CANONICAL_TYPES: readonly CanonicalType[] = [
  { type: /^(text|character varying(\(\d+\))?)$/, isCanonical: () => true },
  {
    type: /^uuid$/,
    isCanonical: (text) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text),
  },
  { type: /^smallint$/, isCanonical: isIntegerWithin(15n) },
  { type: /^integer$/, isCanonical: isIntegerWithin(31n) },
  { type: /^bigint$/, isCanonical: isIntegerWithin(63n) },
];

/** The tenant's column as SQL. */
export interface TenantColumn {
  readonly column: string;
  readonly type: string;
  /** Its text, which is the same in every session. */
  readonly text: string;
}

/**
 * The condition that the row belongs to one of the tenants, which are given as text. It compares values
 * instead of texts if the result is the same, so that PostgreSQL can use an index that begins with the
 * tenant. It compares a single tenant with `=`, because such an index then returns the rows in key order.
 *
 */
export function tenantCondition(
  { column, type, text }: TenantColumn,
  tenants: readonly string[],
  parameters: Parameters,
): string {
  if (!isComparedAsValue(type, tenants)) return `${text} = ANY(${parameters.addArray(tenants)})`;
  // A cast to `character varying(8)` would truncate a longer text. `varchar = text` is an operator that anybody may
  // create in `public`.
  const isVarchar = type.startsWith('character');
  const castType = isVarchar ? 'text' : type;
  const equals = isVarchar ? 'OPERATOR(pg_catalog.=)' : '=';
  const [only, ...others] = tenants;
  return only !== undefined && others.length === 0
    ? `${column} ${equals} ${parameters.add(only, castType)}`
    : `${column} ${equals} ANY(${parameters.addArray(tenants, castType)})`;
}

/** Whether `tenantCondition` compares values instead of texts. */
export function isComparedAsValue(type: string, tenants: readonly string[]): boolean {
  const canonical = CANONICAL_TYPES.find((each) => each.type.test(type));
  return canonical !== undefined && tenants.every(canonical.isCanonical);
}

function isIntegerWithin(bits: bigint): (text: string) => boolean {
  return (text) =>
    /^(0|-?[1-9]\d{0,18})$/.test(text) && BigInt(text) >= -(2n ** bits) && BigInt(text) < 2n ** bits;
}
