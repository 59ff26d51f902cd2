import type * as ast from 'oxc-parser';
import type { MigrationCandidate } from './migration-classes.js';
import type { ParsedModule } from '../../source/parsed-module.js';
import { typeName } from '../classes/annotations.js';
import { instantiate } from '../classes/classes.js';
import { database } from '../values/database-value.js';
import type { EvaluationEvent } from '../machine/event.types.js';
import { EvaluationLimitError } from '../machine/evaluation-limit.error.js';
import type { Evaluator } from '../evaluator.js';
import { type CallSite, codeOf } from '../machine/machine.types.js';
import { type FunctionValue, type Value, unknown } from '../values/value.js';

/** What `up` or `down` of a migration does; nothing when it has no such method. */
export function runDirection(
  evaluator: Evaluator,
  module: ParsedModule,
  migration: MigrationCandidate,
  direction: 'up' | 'down',
): readonly EvaluationEvent[] | undefined {
  const context = evaluator.moduleContext(module);
  const node: ast.ThisExpression = { type: 'ThisExpression', start: migration.start, end: migration.start };
  const site: CallSite = {
    node: {
      type: 'CallExpression',
      callee: node,
      arguments: [],
      optional: false,
      start: migration.start,
      end: migration.start,
    },
    context,
    callee: `${migration.name}.${direction}`,
  };
  let found = false;
  const work = (): void => {
    const method = methodOf(evaluator, module, migration, direction, site);
    if (method?.kind !== 'function') return;
    found = true;
    evaluator.invoke(method, [runnerFor(method)], site);
  };
  const events = evaluator.record(() => {
    try {
      work();
    } catch (error) {
      if (!(error instanceof EvaluationLimitError) && !(error instanceof RangeError)) throw error;
      evaluator.frames.length = 0;
      found = true;
      evaluator.emit({ kind: 'undecided', reason: 'budget', expression: error.message }, site);
    }
  });
  return found ? events : undefined;
}

function methodOf(
  evaluator: Evaluator,
  module: ParsedModule,
  migration: MigrationCandidate,
  direction: string,
  site: CallSite,
): Value | undefined {
  switch (migration.target.kind) {
    case 'module':
      return module.exports.has(direction) ? evaluator.exported(module, direction) : undefined;
    case 'object':
      return migration.target.object.properties.get(direction);
    case 'class': {
      const instance = instantiate(evaluator, migration.target.class, [], site);
      return evaluator.member(instance, direction, site.callee, site.context);
    }
  }
}

/**
 * What TypeORM hands to the method: its query runner. A wrapper that hands over something else says so by its type, or by taking
 * it apart.
 */
function runnerFor(method: FunctionValue): Value {
  const [parameter] = method.node.params;
  const pattern = parameter?.type === 'AssignmentPattern' ? parameter.left : parameter;
  if (pattern?.type !== 'Identifier') {
    const isPlain = pattern === undefined;
    return isPlain ? database('runner') : unknown(codeOf(pattern, method.module), { database: true });
  }
  const type = pattern.typeAnnotation?.typeAnnotation;
  if (type?.type !== 'TSTypeReference') return database('runner');
  const name = typeName(type.typeName);
  return /Runner$/i.test(name) ? database('runner') : unknown(pattern.name, { database: true });
}
