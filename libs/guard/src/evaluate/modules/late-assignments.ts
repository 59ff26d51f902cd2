import type * as ast from 'oxc-parser';
import { patternNames } from '../../source/declared-names.js';
import type { ParsedModule } from '../../source/parsed-module.js';
import { ITERATES } from '../calls/call-names.js';
import { topLevelClasses } from '../migrations/top-level-classes.js';

/** What the functions and classes of a module assign: they may run before the migration, or never. */
export interface LateAssignments {
  /** Variables that are assigned, or whose items are changed: `ds = …`, `hooks.push(…)`. */
  readonly variables: ReadonlySet<string>;
  /** Properties that are assigned: `holder.ds = …`. */
  readonly properties: ReadonlySet<string>;
  /** Local variables that a function in their function assigns or changes. */
  readonly captured: ReadonlySet<string>;
}

const known = new WeakMap<ParsedModule, LateAssignments>();

export function lateAssignments(module: ParsedModule): LateAssignments {
  const found = known.get(module);
  if (found) return found;
  const names: Names = {
    variables: new Set(),
    properties: new Set(),
    captured: new Set(),
    locals: new Set(),
    classes: new Set(topLevelClasses(module).map(({ id }) => id?.name ?? '')),
  };
  names.classes.delete('');
  for (const statement of module.program.body) visit(statement, 'top level', names);
  known.set(module, names);
  return names;
}

type Place = 'top level' | 'function';

interface Names {
  readonly variables: Set<string>;
  readonly properties: Set<string>;
  readonly captured: Set<string>;
  /** The variables that the current function has declared so far. */
  readonly locals: Set<string>;
  readonly classes: Set<string>;
}

const FUNCTIONS = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression']);

/** Code of a class that runs when the class is made. The evaluator reads a static property, but does not run it. */
function isStaticCode(node: ast.Node): boolean {
  return node.type === 'StaticBlock' || (node.type === 'PropertyDefinition' && node.static);
}

/** `Seeds.all.push(…)`, `Seeds.sql = …`: code at the top level that changes a class. */
function changesClass(node: ast.Node, { classes }: Names): boolean {
  if (node.type === 'AssignmentExpression') return classes.has(rootOf(node.left));
  return node.type === 'CallExpression' && classes.has(rootOf(node.callee));
}

/** The variable of a chain of members. */
function rootOf(node: ast.Node): string {
  if (node.type !== 'MemberExpression') return '';
  return node.object.type === 'Identifier' ? node.object.name : rootOf(node.object);
}

/** Nodes without assignments in them. Most nodes of a migration are of these types. */
const LEAVES = new Set(['Identifier', 'Literal', 'TemplateElement', 'ThisExpression', 'ImportDeclaration']);

/** Methods that change the array, set or map that they belong to. */
const MUTATION = /^(?:push|unshift|splice|fill|set|add)$/;

/** It visits every node of a module, so it makes no lists. */
function visit(node: ast.Node, place: Place, names: Names): void {
  const { type } = node;
  if (LEAVES.has(type) || (type.startsWith('TSType') && type !== 'TSTypeAssertion')) return;
  const inner: Place = FUNCTIONS.has(type) || isStaticCode(node) ? 'function' : place;
  if (inner === 'function' || changesClass(node, names)) noteAssignments(node, names);
  if (node.type === 'CallExpression' && isIteration(node)) visitIteration(node, inner, names);
  else visitChildren(node, inner, isFunction(node) ? { ...names, locals: parametersOf(node) } : names);
}

function isFunction(node: ast.Node): node is ast.Function | ast.ArrowFunctionExpression {
  return FUNCTIONS.has(node.type);
}

function parametersOf({ params }: ast.Function | ast.ArrowFunctionExpression): Set<string> {
  return new Set(
    params.flatMap((parameter) => {
      if (parameter.type === 'TSParameterProperty') return [];
      return patternNames(parameter.type === 'RestElement' ? parameter.argument : parameter);
    }),
  );
}

/** `list.forEach((item) => found.push(item))`: the callback runs as a part of the function. */
function isIteration({ callee }: ast.CallExpression): boolean {
  return callee.type === 'MemberExpression' && callee.property.type === 'Identifier'
    ? ITERATES.has(callee.property.name)
    : false;
}

function visitIteration({ callee, arguments: given }: ast.CallExpression, place: Place, names: Names): void {
  visit(callee, place, names);
  for (const argument of given) {
    if (!FUNCTIONS.has(argument.type)) visit(argument, place, names);
    else visitChildren(argument, 'function', names);
  }
}

function visitChildren(node: ast.Node, inner: Place, names: Names): void {
  for (const key in node) {
    const child = (node as unknown as Readonly<Record<string, unknown>>)[key];
    if (typeof child !== 'object' || child === null || key === 'parent') continue;
    if (!Array.isArray(child)) visitIfNode(child, inner, names);
    else for (const item of child as unknown[]) visitIfNode(item, inner, names);
  }
}

function visitIfNode(value: unknown, place: Place, names: Names): void {
  const isNode = typeof value === 'object' && value !== null && 'type' in value;
  if (isNode && typeof value.type === 'string') visit(value as ast.Node, place, names);
}

function noteAssignments(node: ast.Node, names: Names): void {
  switch (node.type) {
    case 'VariableDeclarator':
      for (const name of patternNames(node.id)) names.locals.add(name);
      return;
    case 'AssignmentExpression':
      noteTarget(node.left, names);
      return;
    case 'UpdateExpression':
      noteTarget(node.argument, names);
      return;
    case 'ForOfStatement':
    case 'ForInStatement':
      noteTarget(node.left, names);
      return;
    case 'CallExpression':
      if (node.callee.type === 'MemberExpression') noteMutation(node.callee, names);
      return;
    default:
  }
}

function noteTarget(target: ast.Node, names: Names): void {
  switch (target.type) {
    case 'Identifier':
      noteVariable(target.name, names);
      return;
    case 'MemberExpression':
      noteMember(target, names);
      return;
    case 'ArrayPattern':
      for (const element of target.elements) if (element) noteTarget(element, names);
      return;
    case 'ObjectPattern':
      for (const property of target.properties)
        noteTarget(property.type === 'RestElement' ? property.argument : property.value, names);
      return;
    case 'AssignmentPattern':
      noteTarget(target.left, names);
      return;
    case 'TSAsExpression':
    case 'TSNonNullExpression':
      noteTarget(target.expression, names);
      return;
    default:
  }
}

function noteMember({ object, property, computed }: ast.MemberExpression, names: Names): void {
  if (property.type === 'PrivateIdentifier') names.properties.add(`#${property.name}`);
  else if (!computed && property.type === 'Identifier') names.properties.add(property.name);
  else if (property.type === 'Literal') names.properties.add(String(property.value));
  if (computed && object.type === 'Identifier') noteVariable(object.name, names);
}

function noteMutation({ object, property }: ast.MemberExpression, names: Names): void {
  if (property.type !== 'Identifier' || !MUTATION.test(property.name)) return;
  if (object.type === 'Identifier') noteVariable(object.name, names);
  if (object.type === 'MemberExpression') noteMember(object, names);
}

function noteVariable(name: string, { variables, captured, locals }: Names): void {
  variables.add(name);
  if (!locals.has(name)) captured.add(name);
}
