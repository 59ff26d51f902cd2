import { typeName } from '../classes/annotations.js';
import { instantiate } from '../classes/instances.js';
import type { Evaluator } from '../evaluator.js';
import { EvaluationLimitError } from '../machine/evaluation-limit.error.js';
import type { EvaluationEvent } from '../machine/event.types.js';
import type { CallSite } from '../machine/machine.types.js';
import { codeOf, impliedCall } from '../machine/source-code.js';
import { runTopLevel } from '../modules/module-load.js';
import { database, unknown } from '../values/value.js';
import type { FunctionValue, Value } from '../values/value.types.js';
import type { MigrationCandidate } from './migration-classes.js';
import { replacementOf } from './replaced-methods.js';

export type Direction = 'up' | 'down';

/** What `up` or `down` of a migration does; nothing when the migration has no such method. */
export function runDirection(
  evaluator: Evaluator,
  migration: MigrationCandidate,
  direction: Direction,
): readonly EvaluationEvent[] | undefined {
  const { name, start, module } = migration;
  const site: CallSite = {
    node: impliedCall({ start, end: start }),
    context: evaluator.moduleContext(module),
    callee: `${name}.${direction}`,
  };
  let hasMethod = false;
  const events = evaluator.record(() => {
    try {
      const method = methodOf(evaluator, migration, direction, site);
      if (method?.kind !== 'function') return;
      hasMethod = true;
      // TypeORM imports the file first.
      if (direction === 'up') runTopLevel(evaluator, module, site.context);
      emitReplacement(evaluator, migration, site);
      evaluator.invoke(method, [argumentOf(method)], site);
    } catch (error) {
      // A RangeError is a stack overflow.
      if (!(error instanceof EvaluationLimitError) && !(error instanceof RangeError)) throw error;
      evaluator.frames.length = 0;
      hasMethod = true;
      evaluator.emit({ kind: 'undecided', reason: 'budget', expression: error.message }, site);
    }
  });
  return hasMethod ? events : undefined;
}

/** Decorators and patches: the method that runs may be another one. */
function emitReplacement(evaluator: Evaluator, { target }: MigrationCandidate, site: CallSite): void {
  const found = target.kind === 'class' ? replacementOf(evaluator, target.class) : undefined;
  if (!found) return;
  const place = { ...site, node: impliedCall(found.span) };
  evaluator.emit({ kind: 'undecided', reason: 'unknown', expression: found.expression }, place);
}

function methodOf(
  evaluator: Evaluator,
  { target }: MigrationCandidate,
  direction: Direction,
  site: CallSite,
): Value | undefined {
  const { module } = site.context;
  switch (target.kind) {
    case 'module':
      return module.exports.has(direction) ? evaluator.exported(module, direction) : undefined;
    case 'object':
      return target.object.properties.get(direction);
    case 'unread':
      return undefined;
    case 'class': {
      const instance = instantiate(evaluator, target.class, { args: [], site });
      return evaluator.member(instance, { name: direction, expression: site.callee, context: site.context });
    }
  }
}

/**
 * The argument of the method. TypeORM passes its query runner. A wrapper may pass something else: then the
 * parameter has another type, or is a pattern.
 */
function argumentOf(method: FunctionValue): Value {
  const [parameter] = method.node.params;
  if (!parameter) return database('runner');
  const pattern = parameter.type === 'AssignmentPattern' ? parameter.left : parameter;
  if (pattern.type !== 'Identifier') return unknown(codeOf(pattern, method.module), { database: true });
  const type = pattern.typeAnnotation?.typeAnnotation;
  const isRunner = type?.type !== 'TSTypeReference' || /Runner$/i.test(typeName(type.typeName));
  return isRunner ? database('runner') : unknown(pattern.name, { database: true });
}
