import { dirname, join, relative, sep } from 'node:path';
import { existsSync, readdirSync } from 'node:fs';
import type * as ast from 'oxc-parser';
import { keyName } from '../evaluate/classes/classes.js';
import { snakeCase } from '../evaluate/typeorm/entities.js';
import { parseModule } from '../source/module-parser.js';
import { readTextFile } from '../source/module-loader.js';
import { bare } from './names.js';

/** An entity class of the application. */
export interface FoundEntity {
  readonly className: string;
  /** Absolute path of its file. */
  readonly file: string;
  readonly properties: readonly string[];
  /** Property by column, for columns that `@Column({ name })` renames. */
  readonly propertyOf: ReadonlyMap<string, string>;
}

const MAX_FILES = 2_000;

/** Searches the sources around a migration for the entity of a table. */
export function findEntity(table: string, fromFile: string): FoundEntity | undefined {
  const root = sourceRoot(dirname(fromFile));
  const wanted = bare(table);
  let visited = 0;
  const queue = [root];
  for (let folder = queue.shift(); folder !== undefined && visited < MAX_FILES; folder = queue.shift()) {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) {
        if (!/^(?:node_modules|dist|migrations?|\..*)$/.test(entry.name)) queue.push(path);
      } else if (/\.[cm]?ts$/.test(entry.name) && !entry.name.endsWith('.d.ts') && visited++ < MAX_FILES) {
        const found = entityIn(path, wanted);
        if (found) return found;
      }
    }
  }
  return undefined;
}

export function importPath(fromFolder: string, file: string): string {
  const path = relative(fromFolder, file)
    .split(sep)
    .join('/')
    .replace(/\.([cm]?)ts$/, '.$1js');
  return path.startsWith('.') ? path : `./${path}`;
}

function sourceRoot(folder: string): string {
  let current = folder;
  while (!existsSync(join(current, 'package.json'))) {
    const parent = dirname(current);
    if (parent === current) return folder;
    current = parent;
  }
  return existsSync(join(current, 'src')) ? join(current, 'src') : current;
}

function entityIn(path: string, table: string): FoundEntity | undefined {
  const text = readTextFile(path);
  if (!text?.includes('Entity')) return undefined;
  const parsed = parseModule(path, text);
  if (!parsed.ok) return undefined;
  for (const statement of parsed.module.program.body) {
    const declaration =
      statement.type === 'ExportNamedDeclaration' || statement.type === 'ExportDefaultDeclaration'
        ? statement.declaration
        : statement;
    if (declaration?.type !== 'ClassDeclaration' || !declaration.id) continue;
    if (tableName(declaration) === table) return describe(declaration, declaration.id.name, path);
  }
  return undefined;
}

function tableName(node: ast.Class): string | undefined {
  for (const { expression } of node.decorators) {
    if (
      expression.type !== 'CallExpression' ||
      expression.callee.type !== 'Identifier' ||
      expression.callee.name !== 'Entity'
    )
      continue;
    for (const argument of expression.arguments) {
      const name = nameFrom(argument);
      if (name !== undefined) return name;
    }
    return snakeCase(node.id?.name ?? '');
  }
  return undefined;
}

function describe(node: ast.Class, className: string, file: string): FoundEntity {
  const properties: string[] = [];
  const propertyOf = new Map<string, string>();
  for (const member of node.body.body) {
    if (member.type !== 'PropertyDefinition') continue;
    const name = keyName(member.key);
    if (name === undefined) continue;
    properties.push(name);
    for (const { expression } of member.decorators)
      if (expression.type === 'CallExpression')
        for (const argument of expression.arguments) {
          const column = argument.type === 'ObjectExpression' ? nameFrom(argument) : undefined;
          if (column !== undefined) propertyOf.set(column, name);
        }
  }
  return { className, file, properties, propertyOf };
}

function nameFrom(argument: ast.Argument): string | undefined {
  if (argument.type === 'Literal' && typeof argument.value === 'string') return argument.value;
  if (argument.type !== 'ObjectExpression') return undefined;
  for (const property of argument.properties)
    if (
      property.type === 'Property' &&
      keyName(property.key) === 'name' &&
      property.value.type === 'Literal' &&
      typeof property.value.value === 'string'
    )
      return property.value.value;
  return undefined;
}
