import type { OrmEvent, OrmVerb } from '../machine/event.types.js';
import type { Call } from '../machine/machine.types.js';
import { argumentCode } from '../machine/source-code.js';
import { factsOf } from '../values/facts.js';
import { unknown } from '../values/value.js';
import type { DatabaseValue, EntityName, Value } from '../values/value.types.js';
import { columnsOf, conditionsOf, firstRow, listOrigin, rowCount } from './conditions.js';
import { entityFrom } from './entities.js';
import { CONDITIONAL_WRITES, ORM_WRITES, ROW_WRITES } from './orm-verbs.js';

/** A write of a manager or a repository. */
export function writeRows(target: DatabaseValue, name: string, { machine, args, site }: Call): Value {
  const namesEntity = target.role === 'manager' && target.entity === undefined && takesEntity(name, args);
  const entity =
    target.entity ??
    (namesEntity ? entityFrom(args[0], argumentCode(site, 0) ?? site.callee) : entityOfRows(args[0]));
  const [first, second] = namesEntity ? args.slice(1) : args;
  const isConditional = CONDITIONAL_WRITES.has(name);
  const rows = isConditional ? undefined : rowCount(first);
  machine.emit(
    {
      kind: 'orm',
      through: target.role === 'manager' ? 'manager' : 'repository',
      method: name,
      verb: verbOf(name),
      columns: columnsOf(isConditional ? second : first),
      ...(entity ? { entity } : {}),
      ...(isConditional ? { conditions: conditionsOf(first) } : {}),
      ...(rows === undefined ? listOf(isConditional ? undefined : first) : { rows }),
    },
    site,
  );
  return unknown(`${site.callee}()`, { ...(first ? factsOf(first) : {}), entity: true });
}

function listOf(value: Value | undefined): Pick<OrmEvent, 'list'> {
  const list = listOrigin(value);
  return list ? { list } : {};
}

function verbOf(name: string): OrmVerb {
  return ORM_WRITES.get(name) ?? 'save';
}

/** Is the first argument of a manager's write the entity? `save(row)` and the like also work without it. */
function takesEntity(name: string, args: readonly Value[]): boolean {
  if (!ROW_WRITES.has(name)) return true;
  return args.length > 1 && args[0]?.kind !== 'array' && args[0]?.kind !== 'object';
}

function entityOfRows(value: Value | undefined): EntityName | undefined {
  const row = firstRow(value);
  return row?.kind === 'object' && row.class ? entityFrom(row.class, '') : undefined;
}
