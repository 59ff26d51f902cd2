import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProjectSources } from '../project/entity.finder.js';
import { importPath } from '../project/import-style.js';
import { bare, camelCase, entityNameOf, kebabCase, schemaOf } from '../project/names.js';
import type { SchemaBook } from '../project/schema-book.js';
import type { GeneratedFile, TableReference } from './generated.types.js';

export interface TableWriterOptions {
  /** The folder of the backfills. */
  readonly folder: string;
  readonly sources: ProjectSources;
  readonly schema: SchemaBook;
}

/**
 * Finds the entities of the tables that backfills use. A table without an entity gets an EntitySchema next to
 * the backfills, with its key and the columns that they use.
 */
export class TableWriter {
  readonly #options: TableWriterOptions;
  /** The columns in use, by the name of the table with its schema. */
  readonly #needed = new Map<string, Set<string>>();

  constructor(options: TableWriterOptions) {
    this.#options = options;
  }

  /** Announces columns that a backfill will use. @param table with its schema */
  need(table: string, columns: Iterable<string>): void {
    const known = this.#needed.get(table) ?? new Set();
    for (const column of columns) known.add(column);
    this.#needed.set(table, known);
  }

  reference(table: string): TableReference {
    const { folder, sources } = this.#options;
    const entity = sources.entityOf(table, this.#columns(table));
    if (!entity) return this.#schemaReference(table);
    return {
      entity: entity.className,
      type: entity.className,
      importLine: `import ${entity.isDefault ? entity.className : `{ ${entity.className} }`} from '${importPath(folder, entity.file, sources.ending)}';`,
      properties: entity.properties,
      propertyOf: (column) => entity.propertyOf(column) ?? camelCase(column),
    };
  }

  /** The EntitySchemas that do not exist yet. */
  files(): readonly GeneratedFile[] {
    return [...this.#needed.keys()]
      .filter((table) => !this.#options.sources.entityOf(table, this.#columns(table)))
      .map((table) => ({ path: this.#pathOf(table), code: this.#code(table) }))
      .filter(({ path, code }) => !existsSync(path) || readFileSync(path, 'utf8') !== code);
  }

  #schemaReference(table: string): TableReference {
    const { folder, sources } = this.#options;
    const { entity, type } = namesOf(this.#nameOf(table));
    const columns = this.#columns(table);
    return {
      entity,
      type,
      importLine: `import { ${entity}, type ${type} } from '${importPath(folder, this.#pathOf(table), sources.ending)}';`,
      properties: columns.map(camelCase),
      propertyOf: camelCase,
    };
  }

  /** The columns in use, with those that an existing file of an earlier `extract` has. */
  #columns(table: string): readonly string[] {
    const used = this.#needed.get(table) ?? new Set<string>();
    return [...new Set([...this.#key(table), ...this.#existingColumns(table), ...used])];
  }

  #key(table: string): readonly string[] {
    return this.#options.schema.primaryKey(bare(table)) ?? ['id'];
  }

  #existingColumns(table: string): readonly string[] {
    const path = this.#pathOf(table);
    if (!existsSync(path)) return [];
    return [...readFileSync(path, 'utf8').matchAll(/\bname: "([^"]+)"/g)].flatMap(([, name]) => name ?? []);
  }

  #pathOf(table: string): string {
    return join(this.#options.folder, `${kebabCase(this.#nameOf(table))}.table.ts`);
  }

  /** The name of the table, with its schema if a table of the same name in another schema has the plain one. */
  #nameOf(table: string): string {
    const [first] = [...this.#needed.keys()].filter((other) => bare(other) === bare(table));
    const plain = join(this.#options.folder, `${kebabCase(bare(table))}.table.ts`);
    const isTaken = existsSync(plain) && schemaIn(readFileSync(plain, 'utf8')) !== schemaOf(table);
    return isTaken || (first !== undefined && first !== table)
      ? `${schemaOf(table) ?? 'default'}_${bare(table)}`
      : bare(table);
  }

  #code(table: string): string {
    const { entity, type } = namesOf(this.#nameOf(table));
    const schema = schemaOf(table);
    const key = new Set(this.#key(table));
    const columns = this.#columns(table);
    return [
      `import { EntitySchema } from 'typeorm';`,
      '',
      `export type ${type} = { ${columns.map((column) => `${camelCase(column)}: unknown`).join('; ')} };`,
      '',
      `/** The columns of ${table} that backfills use. Add it to the entities of the data source. */`,
      `export const ${entity} = new EntitySchema<${type}>({`,
      `  name: '${entity}',`,
      `  tableName: ${JSON.stringify(bare(table))},`,
      ...(schema === undefined ? [] : [`  schema: ${JSON.stringify(schema)},`]),
      '  synchronize: false,',
      '  columns: {',
      ...columns.map(
        (column) =>
          `    ${camelCase(column)}: { type: 'text', name: ${JSON.stringify(column)}${key.has(column) ? ', primary: true' : ''} },`,
      ),
      '  },',
      '});',
      '',
    ].join('\n');
  }
}

/** The schema that an EntitySchema names. */
function schemaIn(code: string): string | undefined {
  return /^ {2}schema: "([^"]+)"/m.exec(code)?.[1];
}

function namesOf(table: string): { readonly entity: string; readonly type: string } {
  const name = entityNameOf(table);
  return { entity: `${name}Table`, type: `${name}Row` };
}
