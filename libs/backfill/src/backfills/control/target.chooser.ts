import type { TargetRecord } from '../../ledger/target/targets.ledger.js';
import { UnknownTargetError } from './setting.error.js';

/**
 * Chooses the targets that a person has named.
 *
 * @param wanted tables as `schema.table` or schemas, quoted as in SQL or not
 * @throws UnknownTargetError for a name that no target has
 */
export function chooseTargets(
  backfill: string,
  known: readonly TargetRecord[],
  wanted: readonly string[],
): readonly TargetRecord[] {
  const missing = wanted.find((name) => !known.some((target) => isNamedBy(target.name, name)));
  if (missing !== undefined)
    throw new UnknownTargetError(
      backfill,
      missing,
      known.map(({ name }) => name),
    );
  return matchTargets(known, wanted);
}

/** The targets that have one of these names or are in one of these schemas. */
export function matchTargets(
  known: readonly TargetRecord[],
  wanted: readonly string[],
): readonly TargetRecord[] {
  return known.filter((target) => wanted.some((name) => isNamedBy(target.name, name)));
}

/** Whether a target is the table of this name, or in the schema of this name. */
export function isNamedBy(target: string, name: string): boolean {
  const [schema, table] = partsOf(target);
  const [wantedSchema, wantedTable] = partsOf(name);
  return name === schema || (wantedSchema === schema && (wantedTable ?? table) === table);
}

/** The parts of a name, without quotes: `"A b".leads` has the parts `A b` and `leads`. */
function partsOf(name: string): string[] {
  const parts = name.match(/"(?:[^"]|"")+"|[^".]+/g) ?? [];
  return parts.map((part) => (part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part));
}
