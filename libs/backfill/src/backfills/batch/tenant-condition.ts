import type { Parameters } from '../../postgres/parameters.js';

/** A value has one text only, so comparing texts means the same as comparing values. */
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

/**
 * The condition that the row belongs to one of the tenants, which are identified by their text. Where texts
 * and values mean the same it compares values, so that an index that begins with the tenant can serve it. A
 * single tenant is compared with `=`, behind which such an index returns the rows in the order of the key.
 *
 * @param type of the column
 */
export function tenantCondition(
  column: string,
  type: string,
  tenants: readonly string[],
  parameters: Parameters,
): string {
  if (!isComparedAsValue(type, tenants)) return `${column}::text = ANY(${parameters.addArray(tenants)})`;
  // A cast to `character varying(8)` would truncate a longer text.
  const castType = type.startsWith('character') ? 'text' : type;
  const [only, ...others] = tenants;
  return only !== undefined && others.length === 0
    ? `${column} = ${parameters.add(only, castType)}`
    : `${column} = ANY(${parameters.addArray(tenants, castType)})`;
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
