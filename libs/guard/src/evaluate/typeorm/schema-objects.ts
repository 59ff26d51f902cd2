import { NO_FACTS, factsOf } from '../values/facts.js';
import { knownText } from '../values/text-value.js';
import { UNDEFINED, choice, object, plain } from '../values/value.js';
import type { Value } from '../values/value.types.js';

/** `queryRunner.getTable(name)`: a table of which only the name is known, or none. */
export function foundTable(name: Value | undefined, expression: string): Value {
  return knownText(name) === undefined ? plain(expression) : described(name);
}

/**
 * What a method of TypeORM's `Table` or `TableColumn` returns, as far as it decides on locks.
 *
 * @returns undefined for other methods
 */
export function callSchemaObject(
  target: Value,
  method: string,
  [argument]: readonly Value[],
): Value | undefined {
  if (target.kind === 'object' ? target.class : target.kind !== 'unknown' || isOther(target))
    return undefined;
  if (method === 'findColumnByName' && knownText(argument) !== undefined) return described(argument);
  if (method !== 'clone' || argument !== undefined) return undefined;
  // Code that changes a copy sets its properties: they decide what `changeColumn()` does.
  const copied = object(target.kind === 'object' ? target.properties : [], { isOpen: true });
  return { ...copied, facts: factsOf(target) };
}

/** Rows, applications and handles of the database have methods of these names too. */
function isOther({ facts }: Extract<Value, { kind: 'unknown' }>): boolean {
  return facts.rows === true || facts.database === true || facts.application === true;
}

function described(name: Value | undefined): Value {
  const found = object(name ? [['name', name]] : [], { isOpen: true });
  return choice([{ ...found, facts: NO_FACTS }, UNDEFINED]);
}
