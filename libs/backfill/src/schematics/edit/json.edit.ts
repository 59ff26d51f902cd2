import type ts from 'typescript';
import type { TypeScript } from '../application/typescript.loader.js';
import { appendedElement } from './list.edit.js';
import { indentationAt, withInsertions, type Insertion } from './text-edits.js';

const PLUGIN = 'nestjs-backfill/plugin';

/** nest-cli.json with the plugin of the command line, everything else as it was; null if it has it already. */
export function withPlugin(ts: TypeScript, text: string): string | null {
  const object = rootObject(ts, text);
  if (object === undefined) return null;
  const insertions = [object, ...projectsOf(ts, object)].flatMap((each, at) =>
    pluginInsertion(ts, text, each, at === 0 ? 'always' : 'where it has plugins'),
  );
  return insertions.length === 0 ? null : withInsertions(text, insertions);
}

/** package.json with a package, in its alphabetical place; null if a list has it already. */
export function withPackage(
  text: string,
  list: 'dependencies' | 'devDependencies',
  [name, range]: readonly [string, string],
): string | null {
  const manifest = JSON.parse(text) as Record<string, Record<string, string> | undefined>;
  if (manifest['dependencies']?.[name] ?? manifest['devDependencies']?.[name]) return null;
  const entries = Object.entries({ ...manifest[list], [name]: range });
  manifest[list] = Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
  const indent = /^\{\s*\n([ \t]+)/.exec(text)?.[1] ?? '  ';
  return `${JSON.stringify(manifest, null, indent)}\n`;
}

function rootObject(ts: TypeScript, text: string): ts.ObjectLiteralExpression | undefined {
  const source = ts.createSourceFile('nest-cli.json', text, ts.ScriptTarget.JSON, true);
  const [statement] = source.statements;
  const expression = statement && ts.isExpressionStatement(statement) ? statement.expression : undefined;
  return expression && ts.isObjectLiteralExpression(expression) ? expression : undefined;
}

function objectAt(
  ts: TypeScript,
  object: ts.ObjectLiteralExpression,
  key: string,
): ts.Expression | undefined {
  const property = object.properties.find(
    (each) => each.name && ts.isStringLiteral(each.name) && each.name.text === key,
  );
  return property && ts.isPropertyAssignment(property) ? property.initializer : undefined;
}

/** A project of a monorepo whose own options hide those of the root. */
function projectsOf(ts: TypeScript, object: ts.ObjectLiteralExpression): ts.ObjectLiteralExpression[] {
  const projects = objectAt(ts, object, 'projects');
  if (!projects || !ts.isObjectLiteralExpression(projects)) return [];
  return projects.properties
    .map((each) => (ts.isPropertyAssignment(each) ? each.initializer : undefined))
    .filter((each) => each !== undefined)
    .filter((each) => ts.isObjectLiteralExpression(each));
}

function pluginInsertion(
  ts: TypeScript,
  text: string,
  object: ts.ObjectLiteralExpression,
  when: 'always' | 'where it has plugins',
): Insertion[] {
  const options = objectAt(ts, object, 'compilerOptions');
  const hasOptions = options !== undefined && ts.isObjectLiteralExpression(options);
  const plugins = hasOptions ? objectAt(ts, options, 'plugins') : undefined;
  if (plugins && ts.isArrayLiteralExpression(plugins))
    return plugins.getText().includes(`"${PLUGIN}"`) ? [] : [appendedElement(text, plugins, `"${PLUGIN}"`)];
  if (when !== 'always') return [];
  if (hasOptions) return [newProperty(text, options, `"plugins": ["${PLUGIN}"]`)];
  return [newProperty(text, object, `"compilerOptions": { "plugins": ["${PLUGIN}"] }`)];
}

/** The property at the end of an object. */
function newProperty(text: string, object: ts.ObjectLiteralExpression, property: string): Insertion {
  const last = object.properties.at(-1);
  if (!last) return { at: object.getStart() + 1, text: ` ${property} ` };
  return { at: last.getEnd(), text: `,\n${indentationAt(text, last.getStart())}${property}` };
}
