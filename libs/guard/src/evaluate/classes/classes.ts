import type * as ast from 'oxc-parser';
import type { Context, Machine } from '../machine/machine.types.js';
import { database } from '../values/value.js';
import type { ClassValue, DatabaseValue, FunctionValue, Value } from '../values/value.types.js';

export function makeClass(node: ast.Class, { scope, module }: Context): ClassValue {
  return { kind: 'class', node, scope, module, name: node.id?.name ?? '', statics: new Map() };
}

/** The class that it extends: a class that was read, something unknown, or nothing. */
export function superOf(machine: Machine, { node, scope, module }: ClassValue): Value | undefined {
  return node.superClass ? machine.evaluate(node.superClass, { scope, module }) : undefined;
}

const MAX_LINEAGE = 12;

/** The class and its parents, as far as they were read. The class itself is first. */
export function lineage(machine: Machine, value: ClassValue): readonly ClassValue[] {
  const chain: ClassValue[] = [];
  let current: Value | undefined = value;
  while (current?.kind === 'class' && chain.length < MAX_LINEAGE && !chain.includes(current)) {
    chain.push(current);
    current = superOf(machine, current);
  }
  return chain;
}

export function keyName(key: ast.PropertyKey): string | undefined {
  if (key.type === 'MemberExpression') return symbolName(key);
  if (key.type === 'PrivateIdentifier') return `#${key.name}`;
  if (key.type === 'Identifier') return key.name;
  return key.type === 'Literal' ? String(key.value) : undefined;
}

/** `[Symbol.iterator]` */
function symbolName({ object, property }: ast.MemberExpression): string | undefined {
  const isSymbol = object.type === 'Identifier' && object.name === 'Symbol';
  return isSymbol && property.type === 'Identifier' ? `Symbol.${property.name}` : undefined;
}

export interface MethodQuery {
  readonly name: string;
  /** @default false */
  readonly isStatic?: boolean;
  /** Find the `set` accessor; otherwise a method or a `get` accessor. @default false */
  readonly isSetter?: boolean;
}

export interface FoundMethod {
  readonly definition: ast.MethodDefinition;
  /** The class that defines it. */
  readonly home: ClassValue;
}

/** A method or accessor of a class or of its parents. */
export function findMethod(machine: Machine, value: ClassValue, query: MethodQuery): FoundMethod | undefined {
  const { name, isStatic = false, isSetter = false } = query;
  for (const home of lineage(machine, value)) {
    const found = home.node.body.body.filter(
      (definition): definition is ast.MethodDefinition =>
        definition.type === 'MethodDefinition' &&
        definition.static === isStatic &&
        (definition.kind === 'set') === isSetter &&
        keyName(definition.key) === name,
    );
    const definition = implementationOf(found);
    if (definition) return { definition, home };
  }
  return undefined;
}

/** The definition that JavaScript uses: overloads have no body, and the last of equal names counts. */
export function implementationOf(
  definitions: readonly ast.MethodDefinition[],
): ast.MethodDefinition | undefined {
  return definitions.findLast(({ value }) => value.body !== null) ?? definitions.at(-1);
}

export function methodValue({ definition, home }: FoundMethod, thisValue: Value): FunctionValue {
  return {
    kind: 'function',
    node: definition.value,
    scope: home.scope,
    module: home.module,
    thisValue,
    definedIn: home,
    name: keyName(definition.key) ?? '',
  };
}

/** The handle that instances of the class are: `extends Repository<X>` makes them repositories. */
export function databaseAncestor(machine: Machine, value: ClassValue): DatabaseValue | undefined {
  const parent = lineage(machine, value).at(-1)?.node.superClass;
  const name = parent && className(parent);
  return name && /^(Abstract|Tree|Base)?Repository$/.test(name) ? database('repository') : undefined;
}

/** The last name of a class reference: `Base` for `Base`, `orm.Base` and `Base(…)`. */
export function className(node: ast.Expression): string | undefined {
  if (node.type === 'Identifier') return node.name;
  if (node.type === 'MemberExpression' && !node.computed) return node.property.name;
  return node.type === 'CallExpression' ? className(node.callee) : undefined;
}
