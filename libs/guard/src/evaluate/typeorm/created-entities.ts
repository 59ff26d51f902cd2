import type { Call } from '../machine/machine.types.js';
import { factsOfAll } from '../values/facts.js';
import { array, unknown } from '../values/value.js';
import type { Value } from '../values/value.types.js';

/** `create(User, { … })`, `create([…])`: a new entity, or one for each item of a list. No row is read. */
export function createdEntities({ args, site }: Call): Value {
  const list = args.find((arg) => arg.kind === 'array');
  const { rows } = factsOfAll(args);
  const entity = unknown(`${site.callee}()`, rows ? { entity: true, rows } : { entity: true });
  return list
    ? array(
        list.items.map(() => entity),
        { isOpen: list.isOpen },
      )
    : entity;
}
