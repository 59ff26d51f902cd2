import type * as ast from 'oxc-parser';
import { keyName, lineage } from '../../evaluate/classes/classes.js';
import type { Machine } from '../../evaluate/machine/machine.types.js';
import { siteOf } from '../../evaluate/machine/source-code.js';
import { knownText } from '../../evaluate/values/text-value.js';
import type { ClassValue, ObjectValue, Site, Value } from '../../evaluate/values/value.types.js';
import {
  contextOf,
  decorationsOf,
  isFalse,
  objectIn,
  targetOf,
  textOption,
  type Decoration,
} from './decorations.js';
import type { EntityColumn } from './entity.types.js';
import { joinColumns, type Relation } from './join-columns.js';
import type { NamingStrategy } from './naming.js';

export interface ColumnsContext {
  readonly machine: Machine;
  /** The project's strategy first. */
  readonly strategies: readonly NamingStrategy[];
}

/** The embedded objects around a property. */
export interface Embedding {
  /** The properties, for messages. */
  readonly path: readonly string[];
  readonly prefixes: readonly string[];
  readonly isDoubtful: boolean;
}

export const NOT_EMBEDDED: Embedding = { path: [], prefixes: [], isDoubtful: false };

const MAX_EMBEDDING = 4;

const COLUMN =
  /^(?:Column|PrimaryColumn|PrimaryGeneratedColumn|(?:Create|Update|Delete)DateColumn|VersionColumn)$/;

interface DecoratedProperty {
  readonly name: string;
  readonly decorations: readonly Decoration[];
  readonly home: ClassValue;
  readonly node: ast.PropertyDefinition;
}

/** The properties with decorators of TypeORM, of a class and of its parents as far as they can be read. */
export function decoratedProperties(machine: Machine, value: ClassValue): readonly DecoratedProperty[] {
  const found = new Map<string, DecoratedProperty>();
  for (const home of lineage(machine, value))
    for (const node of home.node.body.body) {
      if (node.type !== 'PropertyDefinition' || node.decorators.length === 0) continue;
      const name = keyName(node.key);
      const decorations = decorationsOf(machine, node.decorators, contextOf(home));
      if (name !== undefined && decorations.length > 0 && !found.has(name))
        found.set(name, { name, decorations, home, node });
    }
  return [...found.values()];
}

/** The columns that a class and its parents declare. */
export function columnsOfClass(
  value: ClassValue,
  context: ColumnsContext,
  embedding = NOT_EMBEDDED,
): readonly EntityColumn[] {
  return decoratedProperties(context.machine, value).flatMap((property) => {
    const column = property.decorations.find(({ name }) => COLUMN.test(name));
    if (column) return columnOf(property, column, context, embedding);
    const relation = relationOf(property, context.machine);
    return relation ? joinColumns(relation, context, embedding) : [];
  });
}

function columnOf(
  { name, home, node }: DecoratedProperty,
  { args }: Decoration,
  context: ColumnsContext,
  embedding: Embedding,
): readonly EntityColumn[] {
  const [first] = args;
  if (first?.kind === 'function') {
    const place = { context: contextOf(home), start: node.start };
    const type = targetOf(context.machine, first, place);
    if (type?.kind !== 'class' || embedding.path.length >= MAX_EMBEDDING) return [];
    return columnsOfClass(type, context, embedded(embedding, name, args));
  }
  // `addSelect` fills such a property; the table has no such column.
  if (isFalse(args, 'select') && isFalse(args, 'insert')) return [];
  return [namedColumn({ name, args, site: siteOf(node, home.module) }, context, embedding)];
}

export interface DeclaredColumn {
  readonly name: string;
  readonly args: readonly Value[];
  readonly site: Site;
}

/** A column with the names that each strategy gives it. */
export function namedColumn(
  { name, args, site }: DeclaredColumn,
  { strategies }: ColumnsContext,
  { path, prefixes, isDoubtful }: Embedding,
): EntityColumn {
  const custom = textOption(args, 'name');
  return {
    property: [...path, name].join('.'),
    names: strategies.map((strategy) => strategy.column(name, custom.text, prefixes)),
    isDoubtful: custom.isDoubtful || isDoubtful,
    site,
  };
}

/** The columns of an embedded object have its prefix: the property's name, or the option `prefix`. */
export function embedded(outer: Embedding, property: string, args: readonly Value[]): Embedding {
  const value = objectIn(args)?.properties.get('prefix');
  const text = knownText(value);
  const isOff = value?.kind === 'constant' && (value.value === false || value.value === null);
  const own = value === undefined ? [property] : text === undefined || text === '' ? [] : [text];
  return {
    path: [...outer.path, property],
    prefixes: [...outer.prefixes, ...own],
    isDoubtful: outer.isDoubtful || (value !== undefined && text === undefined && !isOff),
  };
}

/** A relation whose table has the column: many-to-one, or one-to-one with `@JoinColumn`. */
function relationOf(
  { name, decorations, home, node }: DecoratedProperty,
  machine: Machine,
): Relation | undefined {
  const join = decorations.find((decoration) => decoration.name === 'JoinColumn');
  const relation = decorations.find(
    (decoration) => decoration.name === 'ManyToOne' || (decoration.name === 'OneToOne' && join),
  );
  if (!relation) return undefined;
  const place = { context: contextOf(home), start: node.start };
  const [joins] = join?.args ?? [];
  return {
    property: name,
    joins: joins?.kind === 'array' ? joins.items : joins ? [joins] : [],
    target: targetOf(machine, relation.args[0], place),
    site: siteOf(node, home.module),
  };
}

/** The properties of the primary key. */
export function keyOf(machine: Machine, target: ClassValue | ObjectValue): readonly string[] {
  if (target.kind === 'class')
    return decoratedProperties(machine, target)
      .filter(({ decorations }) => decorations.some(({ name }) => name.startsWith('Primary')))
      .map(({ name }) => name);
  const columns = target.properties.get('columns');
  if (columns?.kind !== 'object') return [];
  return [...columns.properties].flatMap(([name, column]) => {
    const primary = column.kind === 'object' ? column.properties.get('primary') : undefined;
    return primary?.kind === 'constant' && primary.value === true ? [name] : [];
  });
}
