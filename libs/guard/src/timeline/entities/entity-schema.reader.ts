import type * as ast from 'oxc-parser';
import { siteOf } from '../../evaluate/machine/source-code.js';
import { knownText } from '../../evaluate/values/text-value.js';
import type { ObjectValue, Site, Value } from '../../evaluate/values/value.types.js';
import type { ParsedModule } from '../../source/parsed-module.js';
import { embedded, namedColumn } from './class-columns.js';
import { NOT_EMBEDDED, type ColumnsContext, type Embedding } from './column-reading.types.js';
import { isFalse, textOption } from './decorations.js';
import type { Entity, EntityColumn } from './entity.types.js';
import { joinColumns } from './join-columns.js';
import { snakeCase } from './naming.js';

/** Where an EntitySchema is written. */
export interface SchemaPlace {
  readonly node: ast.Expression;
  readonly module: ParsedModule;
}

/** The entity that `new EntitySchema({ … })` describes. */
export function entityOfSchema(
  value: ObjectValue,
  context: ColumnsContext,
  place: SchemaPlace,
): Entity | undefined {
  const columns = value.properties.get('columns');
  const [name, table, schema] = ['name', 'tableName', 'schema'].map((option) => textOption([value], option));
  const isView = knownText(value.properties.get('type')) === 'view';
  const ownName = name?.text ?? table?.text;
  if (columns?.kind !== 'object' || ownName === undefined || isView) return undefined;
  return {
    name: ownName,
    table: {
      name: table?.text ?? snakeCase(ownName),
      ...(schema?.text === undefined ? {} : { schema: schema.text }),
    },
    isDoubtful: value.properties.has('tableName') && table?.text === undefined,
    columns: new SchemaColumns(context, place).of(value, NOT_EMBEDDED),
    site: siteOf(place.node, place.module),
    isForeign: isFalse([value], 'synchronize'),
    bases: [],
    value,
  };
}

const MAX_EMBEDDING = 4;

class SchemaColumns {
  readonly #context: ColumnsContext;
  readonly #place: SchemaPlace;

  constructor(context: ColumnsContext, place: SchemaPlace) {
    this.#context = context;
    this.#place = place;
  }

  of(schema: ObjectValue, embedding: Embedding): readonly EntityColumn[] {
    const columns = entriesOf(schema, 'columns').flatMap(([name, options]) =>
      isFalse([options], 'select') && isFalse([options], 'insert')
        ? []
        : [namedColumn({ name, args: [options], site: this.#siteOf(name) }, this.#context, embedding)],
    );
    const relations = entriesOf(schema, 'relations').flatMap(([name, options]) =>
      this.#ofRelation(name, options, embedding),
    );
    const objects = entriesOf(schema, 'embeddeds').flatMap(([name, options]) => {
      const inner = options.kind === 'object' ? options.properties.get('schema') : undefined;
      if (inner?.kind !== 'object' || embedding.path.length >= MAX_EMBEDDING) return [];
      return this.of(inner, embedded(embedding, name, [options]));
    });
    return [...columns, ...relations, ...objects];
  }

  #ofRelation(name: string, options: Value, embedding: Embedding): readonly EntityColumn[] {
    if (options.kind !== 'object') return [];
    const type = knownText(options.properties.get('type'));
    const join = options.properties.get('joinColumn');
    if (type !== 'many-to-one' && !(type === 'one-to-one' && join)) return [];
    const joins = join?.kind === 'array' ? join.items : join?.kind === 'object' ? [join] : [];
    const relation = { property: name, joins, target: undefined, site: this.#siteOf(name) };
    return joinColumns(relation, this.#context, embedding);
  }

  /** The place of a property in the code, else that of the EntitySchema. */
  #siteOf(name: string): Site {
    const { node, module } = this.#place;
    const code = module.source.slice(node.start, node.end);
    const at = new RegExp(`(?<![\\w$])['"]?${name.replace(/\$/g, '\\$')}['"]?\\s*:`).exec(code)?.index;
    return at === undefined
      ? siteOf(node, module)
      : siteOf({ start: node.start + at, end: node.start + at + name.length }, module);
  }
}

function entriesOf(schema: ObjectValue, option: string): readonly (readonly [string, Value])[] {
  const value = schema.properties.get(option);
  return value?.kind === 'object' ? [...value.properties] : [];
}
