import type * as ast from 'oxc-parser';
import type { ParsedModule } from '../../source/parsed-module.js';

/** What the functions and classes of a module assign: they may run before the migration, or never. */
export interface LateAssignments {
  /** Variables that are assigned, or whose items are changed: `ds = …`, `hooks.push(…)`. */
  readonly variables: ReadonlySet<string>;
  /** Properties that are assigned: `holder.ds = …`. */
  readonly properties: ReadonlySet<string>;
}

const known = new WeakMap<ParsedModule, LateAssignments>();

export function lateAssignments(module: ParsedModule): LateAssignments {
  const found = known.get(module);
  if (found) return found;
  const names = { variables: new Set<string>(), properties: new Set<string>() };
  for (const statement of module.program.body) visit(statement, 'top level', names);
  known.set(module, names);
  return names;
}

type Place = 'top level' | 'function';

interface Names {
  readonly variables: Set<string>;
  readonly properties: Set<string>;
}

const FUNCTIONS = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression']);
/** Nodes without assignments in them. Most nodes of a migration are of these types. */
const LEAVES = new Set(['Identifier', 'Literal', 'TemplateElement', 'ThisExpression', 'ImportDeclaration']);

/** Methods that change the array, set or map that they belong to. */
const MUTATION = /^(?:push|unshift|splice|fill|set|add)$/;

/** It visits every node of a module, so it makes no lists. */
function visit(node: ast.Node, place: Place, names: Names): void {
  const { type } = node;
  if (LEAVES.has(type) || (type.startsWith('TSType') && type !== 'TSTypeAssertion')) return;
  const inner: Place = FUNCTIONS.has(type) ? 'function' : place;
  if (inner === 'function') noteAssignments(node, names);
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
      names.variables.add(target.name);
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
  if (computed && object.type === 'Identifier') names.variables.add(object.name);
}

function noteMutation({ object, property }: ast.MemberExpression, names: Names): void {
  if (property.type !== 'Identifier' || !MUTATION.test(property.name)) return;
  if (object.type === 'Identifier') names.variables.add(object.name);
  if (object.type === 'MemberExpression') noteMember(object, names);
}
