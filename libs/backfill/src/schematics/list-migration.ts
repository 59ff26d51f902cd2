import type ts from 'typescript';
import type { Application } from './application/application.js';
import { importPath } from './application/module-path.js';
import { importInsertions } from './edit/import.edit.js';
import { appendedElement } from './edit/list.edit.js';
import { indentationAt, withInsertions, type Insertion } from './edit/text-edits.js';
import type { Workplace } from './provide-class.js';

/**
 * Adds a migration to the list `migrations: […]` of the data source, or begins the list if there is none. A list
 * of file patterns finds it by itself.
 */
export function listMigration(
  { tree, app, context }: Workplace,
  { className, file }: { readonly className: string; readonly file: string },
): void {
  const byHand = `By hand: add ${className} to the \`migrations\` of the data source.`;
  const lists = app.files.flatMap((each) => migrationLists(app, each));
  const [list] = lists;
  if (list === undefined) {
    if (!beginList({ tree, app, context }, { className, file }))
      context.logger.warn(`No list of migrations was found. ${byHand}`);
    return;
  }
  if (lists.length > 1) {
    context.logger.warn(`More than one data source has a list of migrations. ${byHand}`);
    return;
  }
  const { ts } = app;
  if (list.elements.some((element) => ts.isStringLiteralLike(element) || ts.isCallExpression(element))) {
    context.logger.info(
      `${list.getSourceFile().fileName} finds migrations by their files: check that ${file} is among them.`,
    );
    return;
  }
  const source = list.getSourceFile();
  const added = appendedElement(source.text, list, className);
  tree.overwrite(source.fileName, withImported(app, source, { className, file, added }));
}

/** Begins the list of the only data source. @returns false if there is none, or one that is not understood */
function beginList(
  { tree, app }: Workplace,
  { className, file }: { readonly className: string; readonly file: string },
): boolean {
  const [options, ...others] = app.files.flatMap((each) => dataSources(app, each));
  const { ts } = app;
  const last = options?.properties.at(-1);
  if (!options || !last || others.length > 0) return false;
  // Spread options, and a list that is not in brackets, may contain migrations.
  const isOpen = options.properties.some(
    (each) => ts.isSpreadAssignment(each) || each.name?.getText() === 'migrations',
  );
  if (isOpen) return false;
  const source = options.getSourceFile();
  const isMultiline = source.text.slice(options.getStart(), last.getStart()).includes('\n');
  const separator = isMultiline ? `,\n${indentationAt(source.text, last.getStart())}` : ', ';
  const added = { at: last.getEnd(), text: `${separator}migrations: [${className}]` };
  tree.overwrite(source.fileName, withImported(app, source, { className, file, added }));
  return true;
}

function withImported(
  app: Application,
  source: ts.SourceFile,
  parts: { readonly className: string; readonly file: string; readonly added: Insertion },
): string {
  const from = importPath(app, source.fileName, parts.file);
  const imports = importInsertions(app.ts, source, [parts.className], from);
  return withInsertions(source.text, [parts.added, ...imports]);
}

function migrationLists(app: Application, file: string): ts.ArrayLiteralExpression[] {
  const { ts } = app;
  if (!/\bmigrations\s*:\s*\[/.test(app.text(file))) return [];
  return nodesOf(app, file, (node) =>
    ts.isPropertyAssignment(node) &&
    node.name.getText() === 'migrations' &&
    ts.isArrayLiteralExpression(node.initializer)
      ? node.initializer
      : undefined,
  );
}

/** The options of data sources: `{ type: 'postgres', … }`. */
function dataSources(app: Application, file: string): ts.ObjectLiteralExpression[] {
  const { ts } = app;
  if (!/\btype\s*:\s*['"]postgres['"]/.test(app.text(file))) return [];
  return nodesOf(app, file, (node) =>
    ts.isObjectLiteralExpression(node) &&
    node.properties.some((each) => /^type\s*:\s*['"]postgres['"]/.test(each.getText()))
      ? node
      : undefined,
  );
}

/** What `select` returns for the nodes of a file. */
function nodesOf<T>(app: Application, file: string, select: (node: ts.Node) => T | undefined): T[] {
  const found: T[] = [];
  const visit = (node: ts.Node): void => {
    const selected = select(node);
    if (selected !== undefined) found.push(selected);
    app.ts.forEachChild(node, visit);
  };
  visit(app.parse(file));
  return found;
}
