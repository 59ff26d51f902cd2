import { NO_FACTS, factsOf } from '../values/facts.js';
import { knownText } from '../values/text-value.js';
import { UNDEFINED, choice, object, plain } from '../values/value.js';
import type { Call } from '../machine/machine.types.js';
import type { UnknownValue, Value } from '../values/value.types.js';

/** `queryRunner.getTable(name)`: a table of which only the name is known, or none. */
export function foundTable(name: Value | undefined, expression: string): Value {
  const known = knownText(name);
  return known === undefined ? plain(expression) : described(known, expression);
}

/**
 * What a method of TypeORM's `Table` or `TableColumn` returns, as far as it decides on locks.
 *
 * @returns undefined for other methods
 */
export function callSchemaObject(
  target: Value,
  method: string,
  { args: [argument], site }: Call,
): Value | undefined {
  if (target.kind === 'object' ? target.class : target.kind !== 'unknown' || isOther(target))
    return undefined;
  const known = knownText(argument);
  if (method === 'findColumnByName' && known !== undefined) return described(known, site.callee);
  if (method !== 'clone' || argument !== undefined) return undefined;
  // Code that changes a copy sets its properties: they decide what `changeColumn()` does.
  const copied = object(target.kind === 'object' ? target.properties : [], { isOpen: true });
  return { ...copied, facts: factsOf(target) };
}

/** Rows, applications and handles of the database have methods of these names too. */
function isOther({ facts }: Extract<Value, { kind: 'unknown' }>): boolean {
  return facts.rows === true || facts.database === true || facts.application === true;
}

function described(found: string, expression: string): Value {
  // TypeORM leaves the default schema out of the name of a table, so the name decides no branch.
  const name: UnknownValue = { ...plain(`${expression}().name`), found };
  return choice([{ ...object([['name', name]], { isOpen: true }), facts: NO_FACTS }, UNDEFINED]);
}
