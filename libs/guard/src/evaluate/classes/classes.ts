import type * as ast from 'oxc-parser';
import { annotatedValue, typeName } from './annotations.js';
import { database } from '../values/database-value.js';
import { executeBlock } from '../statements/blocks.js';
import {
  frameOf,
  type CallSite,
  type Context,
  type Machine,
  codeOf,
  siteOf,
} from '../machine/machine.types.js';
import { Scope } from '../machine/scope.js';
import {
  type ClassValue,
  type FunctionValue,
  type ObjectValue,
  type Value,
  NO_FACTS,
  UNDEFINED,
  unknown,
} from '../values/value.js';

export function makeClass(node: ast.Class, context: Context): ClassValue {
  const value: ClassValue = {
    kind: 'class',
    node,
    scope: context.scope,
    module: context.module,
    name: node.id?.name ?? '',
    statics: new Map(),
  };
  return value;
}

/** The class that it extends: a class that was read, something unknown, or nothing. */
export function superOf(machine: Machine, value: ClassValue): Value | undefined {
  const { superClass } = value.node;
  if (!superClass) return undefined;
  const evaluated = machine.evaluate(superClass, { scope: value.scope, module: value.module });
  // A mix-in applied to a class: what it adds is not seen, what the class has is.
  return evaluated;
}

const MAX_DEPTH = 12;

/** The chain of classes that were read, the class itself first. */
export function lineage(machine: Machine, value: ClassValue): readonly ClassValue[] {
  const chain: ClassValue[] = [];
  let current: Value | undefined = value;
  while (current?.kind === 'class' && chain.length < MAX_DEPTH && !chain.includes(current)) {
    chain.push(current);
    current = superOf(machine, current);
  }
  return chain;
}

export function keyName(key: ast.PropertyKey): string | undefined {
  if (key.type === 'PrivateIdentifier') return `#${key.name}`;
  if (key.type === 'Identifier') return key.name;
  return key.type === 'Literal' ? String(key.value) : undefined;
}

/** A method or accessor of a class, or of one that it extends. */
export function findMethod(
  machine: Machine,
  value: ClassValue,
  name: string,
  isStatic: boolean,
  writing = false,
): { readonly definition: ast.MethodDefinition; readonly home: ClassValue } | undefined {
  for (const home of lineage(machine, value))
    for (const definition of home.node.body.body)
      if (
        definition.type === 'MethodDefinition' &&
        definition.static === isStatic &&
        (definition.kind === 'set') === writing &&
        keyName(definition.key) === name
      )
        return { definition, home };
  return undefined;
}

export function methodValue(
  found: { readonly definition: ast.MethodDefinition; readonly home: ClassValue },
  self: Value,
): FunctionValue {
  const { definition, home } = found;
  return {
    kind: 'function',
    node: definition.value,
    scope: home.scope,
    module: home.module,
    self,
    home,
    name: keyName(definition.key) ?? '',
  };
}

export function staticMember(machine: Machine, value: ClassValue, name: string): Value | undefined {
  const known = value.statics.get(name);
  if (known) return known;
  for (const home of lineage(machine, value))
    for (const definition of home.node.body.body)
      if (definition.type === 'PropertyDefinition' && definition.static && keyName(definition.key) === name) {
        value.statics.set(name, unknown(name));
        const computed = definition.value
          ? machine.evaluate(definition.value, {
              scope: new Scope(home.scope, value, true),
              module: home.module,
            })
          : UNDEFINED;
        value.statics.set(name, computed);
        return computed;
      }
  return undefined;
}

/** Makes an instance: fields of all ancestors, then the constructor. Parameters that Nest injects are told by their types. */
export function instantiate(
  machine: Machine,
  value: ClassValue,
  args: readonly Value[] | undefined,
  site: CallSite | undefined,
): ObjectValue {
  const chain = lineage(machine, value);
  const last = chain.at(-1);
  const parent = last && superOf(machine, last);
  const instance: ObjectValue = {
    kind: 'object',
    properties: new Map(),
    class: value,
    open: parent !== undefined,
    facts: NO_FACTS,
  };
  for (const home of [...chain].reverse()) {
    const scope = new Scope(home.scope, instance, true);
    const context: Context = { scope, module: home.module };
    for (const definition of home.node.body.body) {
      if (definition.type !== 'PropertyDefinition' || definition.static) continue;
      const name = keyName(definition.key);
      if (name === undefined) continue;
      const initial = definition.value
        ? machine.evaluate(definition.value, context)
        : (annotatedValue(machine, definition.typeAnnotation, context) ??
          injected(machine, definition.typeAnnotation, context, name));
      instance.properties.set(
        name,
        initial.kind === 'function' && initial.name === '' ? { ...initial, name } : initial,
      );
    }
  }
  const own = chain.find((home) => constructorOf(home));
  if (own) runConstructor(machine, own, instance, args, site);
  return instance;
}

function constructorOf(value: ClassValue): ast.MethodDefinition | undefined {
  return value.node.body.body.find(
    (definition): definition is ast.MethodDefinition =>
      definition.type === 'MethodDefinition' && definition.kind === 'constructor',
  );
}

export function runConstructor(
  machine: Machine,
  home: ClassValue,
  instance: ObjectValue,
  args: readonly Value[] | undefined,
  site: CallSite | undefined,
): void {
  const definition = constructorOf(home);
  if (!definition?.value.body) return;
  const scope = new Scope(home.scope, instance, true);
  const context: Context = { scope, module: home.module };
  definition.value.params.forEach((parameter, index) => {
    const given = args?.[index];
    if (parameter.type === 'TSParameterProperty') {
      const { parameter: pattern } = parameter;
      const annotation =
        pattern.type === 'AssignmentPattern' ? pattern.left.typeAnnotation : pattern.typeAnnotation;
      const identifier = pattern.type === 'AssignmentPattern' ? pattern.left : pattern;
      const name = identifier.type === 'Identifier' ? identifier.name : '';
      const value =
        given ?? annotatedValue(machine, annotation, context) ?? injected(machine, annotation, context, name);
      machine.bind(pattern, value, context, scope);
      instance.properties.set(name, scope.find(name)?.value ?? value);
    } else {
      machine.bind(
        parameter as ast.BindingPattern,
        given ?? (args ? UNDEFINED : unknown(codeOf(parameter, home.module))),
        context,
        scope,
      );
    }
  });
  machine.tick();
  const place = site ? siteOf(site.node, site.context.module) : siteOf(definition, home.module);
  machine.frames.push(frameOf(methodValue({ definition, home }, instance), place, machine.loops.length));
  const { exits } = machine.journal;
  executeBlock(machine, definition.value.body.body, context);
  machine.frames.pop();
  machine.journal.rejoin(exits, () => true);
}

/** A dependency that Nest would inject: its class is made on first use, when that class can be read. */
export function injected(
  machine: Machine,
  annotation: ast.TSTypeAnnotation | null | undefined,
  context: Context,
  name: string,
): Value {
  const type = annotation?.typeAnnotation;
  if (type?.type !== 'TSTypeReference' || type.typeName.type !== 'Identifier') return unknown(name);
  const cell = context.scope.find(typeName(type.typeName));
  const value = cell ? machine.evaluate(type.typeName, context) : undefined;
  if (value?.kind === 'class') return lazyInstance(value);
  return unknown(name, { database: /Repository$|DataSource|EntityManager/.test(typeName(type.typeName)) });
}

/** Services inject one another, in circles too: an instance is made only when a member of it is used. */
const pending = new WeakMap<ObjectValue, ClassValue>();

export function lazyInstance(value: ClassValue): ObjectValue {
  const instance: ObjectValue = {
    kind: 'object',
    properties: new Map(),
    class: value,
    open: true,
    facts: NO_FACTS,
  };
  pending.set(instance, value);
  return instance;
}

export function materialize(machine: Machine, instance: ObjectValue): void {
  const value = pending.get(instance);
  if (!value) return;
  pending.delete(instance);
  const made = instantiate(machine, value, undefined, undefined);
  for (const [name, property] of made.properties) instance.properties.set(name, property);
}

/** Does the class stand on a TypeORM repository (`extends Repository<X>`)? */
export function databaseAncestor(machine: Machine, value: ClassValue): Value | undefined {
  const parent = lineage(machine, value).at(-1)?.node.superClass;
  if (!parent) return undefined;
  const name =
    parent.type === 'Identifier'
      ? parent.name
      : parent.type === 'MemberExpression' && !parent.computed
        ? parent.property.name
        : '';
  if (/^(Abstract|Tree|Base)?Repository$/.test(name)) return database('repository');
  return undefined;
}
