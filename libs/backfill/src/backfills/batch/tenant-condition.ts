import type { Parameters } from '../../postgres/parameters.js';

/** Types whose values are written in one way only, and how: equal as text then means equal as values. */
const CANONICAL: readonly (readonly [type: RegExp, value: (text: string) => boolean])[] = [
  [/^(text|character varying(\(\d+\))?)$/, () => true],
  [/^uuid$/, (text) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text)],
  [/^smallint$/, within(15n)],
  [/^integer$/, within(31n)],
  [/^bigint$/, within(63n)],
];

/**
 * That a row is one of the tenants', who are known by their text. Compared as values where that comes to the same, so that an index that
 * begins with the tenant can serve it; one alone as an equality, behind which such an index gives the order of the key.
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
  // A cast to `character varying(8)` would cut a longer one off.
  const as = type.startsWith('character') ? 'text' : type;
  const [only, ...others] = tenants;
  return only !== undefined && others.length === 0
    ? `${column} = ${parameters.add(only, as)}`
    : `${column} = ANY(${parameters.addArray(tenants, as)})`;
}

/** Whether `tenantCondition` compares values, not texts. */
export function isComparedAsValue(type: string, tenants: readonly string[]): boolean {
  const canonical = CANONICAL.find(([known]) => known.test(type));
  return canonical !== undefined && tenants.every(canonical[1]);
}

function within(bits: bigint): (text: string) => boolean {
  return (text) =>
    /^(0|-?[1-9]\d{0,18})$/.test(text) && BigInt(text) >= -(2n ** bits) && BigInt(text) < 2n ** bits;
}
