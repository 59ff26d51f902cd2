import type ts from 'typescript';
import type { Application } from './application/application.js';
import { importPath } from './application/module-path.js';
import { importInsertions } from './edit/import.edit.js';
import { appendedElement } from './edit/list.edit.js';
import { withInsertions } from './edit/text-edits.js';
import type { Workplace } from './provide-class.js';

/** Adds a migration to the list `migrations: […]` of the data source. A list of file patterns finds it by itself. */
export function listMigration(
  { tree, app, context }: Workplace,
  { className, file }: { readonly className: string; readonly file: string },
): void {
  const byHand = `By hand: add ${className} to the \`migrations\` of the data source.`;
  const lists = app.files.flatMap((each) => migrationLists(app, each));
  const [list] = lists;
  if (list === undefined || lists.length > 1) {
    const why = list
      ? 'More than one data source has a list of migrations'
      : 'No list of migrations was found';
    context.logger.warn(`${why}. ${byHand}`);
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
  const from = importPath(app, source.fileName, file);
  const insertions = [
    appendedElement(source.text, list, className),
    ...importInsertions(ts, source, [className], from),
  ];
  tree.overwrite(source.fileName, withInsertions(source.text, insertions));
}

function migrationLists(app: Application, file: string): ts.ArrayLiteralExpression[] {
  const { ts } = app;
  if (!/\bmigrations\s*:\s*\[/.test(app.text(file))) return [];
  const found: ts.ArrayLiteralExpression[] = [];
  const visit = (node: ts.Node): void => {
    if (
      ts.isPropertyAssignment(node) &&
      node.name.getText() === 'migrations' &&
      ts.isArrayLiteralExpression(node.initializer)
    )
      found.push(node.initializer);
    ts.forEachChild(node, visit);
  };
  visit(app.parse(file));
  return found;
}
