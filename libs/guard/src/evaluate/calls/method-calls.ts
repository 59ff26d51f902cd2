import type { Call } from '../machine/machine.types.js';
import { callDatabase } from '../typeorm/database-calls.js';
import { callEntity } from '../typeorm/entity-calls.js';
import { callSchemaObject } from '../typeorm/schema-objects.js';
import { OPAQUE, factsOf } from '../values/facts.js';
import { choice, isUndefined, presentOptions } from '../values/value.js';
import type { Value } from '../values/value.types.js';
import { callHelper } from './helper-calls.js';
import { callUnknown } from './unknown-calls.js';

/** `target.name(…)` */
export function callMethod(target: Value, name: string, call: Call): Value {
  const { machine, args, site } = call;
  if (machine.options.dmlHelpers.has(name)) return callHelper(name, call);
  if (target.kind === 'choice')
    return choice(
      machine.journal.oneOf(presentOptions(target).map((option) => () => callMethod(option, name, call))),
    );
  if (target.kind === 'database') return callDatabase(target, name, call);
  if (target.kind === 'unknown' && /^(?:call|apply)$/.test(name))
    return machine.call(target, name === 'call' ? args.slice(1) : itemsOf(args[1]), site);
  const method = machine.member(target, { name, expression: site.callee, context: site.context });
  return isMissing(target, method)
    ? callMissingMethod(target, name, { method, call })
    : machine.call(method, args, site);
}

function itemsOf(value: Value | undefined): readonly Value[] {
  return value?.kind === 'array' ? value.items : value ? [value] : [];
}

/** Is the method one that the evaluator cannot read? */
function isMissing(target: Value, method: Value): boolean {
  if (target.kind === 'unknown') return method.kind === 'unknown';
  return (
    (target.kind === 'object' || target.kind === 'class') &&
    (method.kind === 'unknown' || isUndefined(method))
  );
}

interface MissingMethod {
  readonly method: Value;
  readonly call: Call;
}

function callMissingMethod(target: Value, name: string, { method, call }: MissingMethod): Value {
  const facts = isUndefined(method) ? OPAQUE : factsOf(method);
  const callee = { name, expression: call.site.callee, receiver: target, facts };
  const result = callEntity(target, name, call) ?? callUnknown(callee, call);
  return callSchemaObject(target, name, call) ?? result;
}
