import type * as ast from 'oxc-parser';
import { bindPattern } from '../expressions/patterns.js';
import { frameOf } from '../machine/frames.js';
import { LexicalScope } from '../machine/lexical-scope.js';
import type { CallSite, Context, Machine } from '../machine/machine.types.js';
import { codeOf, impliedCall } from '../machine/source-code.js';
import { executeBlock } from '../statements/blocks.js';
import { NO_FACTS, OPAQUE } from '../values/facts.js';
import { UNDEFINED, choice, unknown } from '../values/value.js';
import type { ClassValue, ObjectValue, Value } from '../values/value.types.js';
import { annotatedValue, mayBeUnset, typeName } from './annotations.js';
import { implementationOf, keyName, lineage, methodValue, superOf } from './classes.js';

/** The `new` expression. It is missing when Nest creates the instance. */
export interface Construction {
  readonly args: readonly Value[];
  readonly site: CallSite;
}

/** Makes an instance: the fields of all classes in the lineage, then the constructor. */
export function instantiate(machine: Machine, value: ClassValue, construction?: Construction): ObjectValue {
  const chain = lineage(machine, value);
  const last = chain.at(-1);
  const hasUnreadParent = last !== undefined && superOf(machine, last) !== undefined;
  const instance = emptyInstance(value, hasUnreadParent ? 'open' : 'closed');
  for (const home of [...chain].reverse()) initializeFields(machine, home, instance);
  const home = chain.find((candidate) => constructorOf(candidate));
  if (home) runConstructor(machine, home, instance, construction);
  return instance;
}

function emptyInstance(value: ClassValue, members: 'open' | 'closed'): ObjectValue {
  return { kind: 'object', properties: new Map(), class: value, isOpen: members === 'open', facts: NO_FACTS };
}

function initializeFields(machine: Machine, home: ClassValue, instance: ObjectValue): void {
  const context: Context = { scope: LexicalScope.function(home.scope, instance), module: home.module };
  for (const definition of home.node.body.body) {
    if (definition.type !== 'PropertyDefinition' || definition.static) continue;
    const name = keyName(definition.key);
    if (name === undefined) continue;
    const initial = definition.value
      ? machine.evaluate(definition.value, context)
      : perhapsUnset(injected(machine, { annotation: definition.typeAnnotation, name }, context));
    const isAnonymous = initial.kind === 'function' && initial.name === '';
    instance.properties.set(name, isAnonymous ? { ...initial, name } : initial);
  }
}

/** Nest sets a field, or nobody does: the program may ask whether it is set. */
function perhapsUnset(value: Value): Value {
  return value.kind === 'database' ? choice([UNDEFINED, value]) : value;
}

function constructorOf(value: ClassValue): ast.MethodDefinition | undefined {
  return implementationOf(
    value.node.body.body.filter(
      (definition): definition is ast.MethodDefinition =>
        definition.type === 'MethodDefinition' && definition.kind === 'constructor',
    ),
  );
}

function runConstructor(
  machine: Machine,
  home: ClassValue,
  instance: ObjectValue,
  construction: Construction | undefined,
): void {
  const definition = constructorOf(home);
  if (!definition?.value.body) return;
  const context: Context = { scope: LexicalScope.function(home.scope, instance), module: home.module };
  definition.value.params.forEach((parameter, index) => {
    const given = construction?.args[index];
    if (parameter.type === 'TSParameterProperty') {
      const [name, value] = bindParameterProperty(machine, parameter, given, context);
      instance.properties.set(name, value);
    } else {
      const missing = construction ? UNDEFINED : unknown(codeOf(parameter, home.module));
      bindPattern(parameter as ast.BindingPattern, given ?? missing, { machine, context });
    }
  });
  machine.countStep();
  const site = construction?.site ?? {
    node: impliedCall(definition),
    context,
    callee: home.name,
  };
  machine.frames.push(frameOf(machine, methodValue({ definition, home }, instance), site));
  const { exitMark } = machine.journal;
  executeBlock(machine, definition.value.body.body, context);
  machine.frames.pop();
  machine.journal.joinExits(exitMark);
}

/** `constructor(private readonly users: UsersService)`: a parameter that is also a property. */
function bindParameterProperty(
  machine: Machine,
  { parameter }: ast.TSParameterProperty,
  given: Value | undefined,
  context: Context,
): readonly [string, Value] {
  const variable = parameter.type === 'AssignmentPattern' ? parameter.left : parameter;
  const name = variable.type === 'Identifier' ? variable.name : '';
  const dependency = injected(machine, { annotation: variable.typeAnnotation, name }, context);
  const isRequired = variable.type !== 'Identifier' || !mayBeUnset(variable);
  const value = given ?? (isRequired ? dependency : perhapsUnset(dependency));
  bindPattern(parameter, value, { machine, context });
  return [name, context.scope.find(name)?.value ?? value];
}

interface Dependency {
  readonly annotation: ast.TSTypeAnnotation | null | undefined;
  readonly name: string;
}

/**
 * The value that Nest would inject: a database handle, or an instance of the annotated class when the class
 * can be read.
 */
function injected(machine: Machine, { annotation, name }: Dependency, context: Context): Value {
  const handle = annotatedValue(machine, annotation, context);
  if (handle) return handle;
  const type = annotation?.typeAnnotation;
  if (type?.type !== 'TSTypeReference' || type.typeName.type !== 'Identifier') return unknown(name);
  const variable = context.scope.find(typeName(type.typeName));
  const value = variable ? machine.evaluate(type.typeName, context) : undefined;
  if (value?.kind === 'class') return lazyInstance(value);
  return unknown(name, {
    ...OPAQUE,
    database: /Repository$|DataSource|EntityManager/.test(typeName(type.typeName)),
  });
}

/** Services may inject one another in a circle. So an instance is made when one of its members is used. */
const pending = new WeakMap<ObjectValue, ClassValue>();

export function lazyInstance(value: ClassValue): ObjectValue {
  const instance = emptyInstance(value, 'open');
  pending.set(instance, value);
  return instance;
}

export function materialize(machine: Machine, instance: ObjectValue): void {
  const value = pending.get(instance);
  if (!value) return;
  pending.delete(instance);
  const { properties } = instantiate(machine, value);
  for (const [name, property] of properties) instance.properties.set(name, property);
}
