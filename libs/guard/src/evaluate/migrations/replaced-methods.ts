import type * as ast from 'oxc-parser';
import type { ParsedModule } from '../../source/parsed-module.js';
import { lineage } from '../classes/classes.js';
import type { Machine } from '../machine/machine.types.js';
import { codeOf } from '../machine/source-code.js';
import { factsOf } from '../values/facts.js';
import type { ClassValue } from '../values/value.types.js';

/** Code that may put another function in place of a method. */
export interface Replacement {
  readonly expression: string;
  readonly span: { readonly start: number; readonly end: number };
}

/**
 * Code that may replace `up`, `down` or a method that they call: a decorator, or a statement that changes the
 * prototype. Decorators of known packages, such as NestJS's, do not.
 */
export function replacementOf(machine: Machine, owner: ClassValue): Replacement | undefined {
  for (const home of lineage(machine, owner)) {
    const decorator = decoratorsOf(home).find(({ expression }) => mayReplace(machine, home, expression));
    if (decorator) return replacement(decorator, home.module);
    const statement = home.module.program.body.find((node) => changesPrototype(node, home));
    if (statement) return replacement(statement, home.module);
  }
  return undefined;
}

function replacement(span: Replacement['span'], module: ParsedModule): Replacement {
  return { expression: codeOf(span, module), span };
}

function decoratorsOf({ node }: ClassValue): readonly ast.Decorator[] {
  const ofMethods = node.body.body.flatMap((member) =>
    member.type === 'MethodDefinition' ? member.decorators : [],
  );
  return [...node.decorators, ...ofMethods];
}

function mayReplace(machine: Machine, { scope, module }: ClassValue, expression: ast.Expression): boolean {
  const callee = expression.type === 'CallExpression' ? expression.callee : expression;
  const value = machine.evaluate(callee, { scope, module });
  return value.kind !== 'native' && (value.kind !== 'unknown' || factsOf(value).opaque === true);
}

/** `AddStatus.prototype.up = …` */
function changesPrototype(node: ast.Statement | ast.Directive, { name, module }: ClassValue): boolean {
  if (node.type !== 'ExpressionStatement' || name === '') return false;
  return module.source.slice(node.start, node.end).includes(`${name}.prototype`);
}
