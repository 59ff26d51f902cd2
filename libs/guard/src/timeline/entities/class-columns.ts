import type { Machine } from '../../evaluate/machine/machine.types.js';
import { siteOf } from '../../evaluate/machine/source-code.js';
import { knownText } from '../../evaluate/values/text-value.js';
import type { ClassValue, Site, Value } from '../../evaluate/values/value.types.js';
import { NOT_EMBEDDED, type ColumnsContext, type Embedding } from './column-reading.types.js';
import { decoratedProperties, type DecoratedProperty } from './decorated-properties.js';
import { contextOf, isFalse, objectIn, targetOf, textOption, type Decoration } from './decorations.js';
import type { EntityColumn } from './entity.types.js';
import { joinColumns, type Relation } from './join-columns.js';

const MAX_EMBEDDING = 4;

const COLUMN =
  /^(?:Column|PrimaryColumn|PrimaryGeneratedColumn|(?:Create|Update|Delete)DateColumn|VersionColumn)$/;

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
