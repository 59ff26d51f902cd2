import type ts from 'typescript';
import type { Application } from '../application/application.js';
import { importInsertions } from './import.edit.js';
import { appendedElement } from './list.edit.js';
import { withInsertions } from './text-edits.js';

/** An entry of the metadata of a module, and where its name is imported from. */
export interface ModuleEntry {
  readonly list: 'imports' | 'providers';
  /** The expression, e.g. `BackfillModule.forRoot()`. */
  readonly expression: string;
  /** The name that the expression begins with. */
  readonly name: string;
  readonly from: string;
  /** The class of the module. @default the first one of the file */
  readonly module?: string;
}

export type ModuleEdit =
  | { readonly outcome: 'changed'; readonly text: string }
  | { readonly outcome: 'unchanged' }
  | { readonly outcome: 'not understood'; readonly why: string };

/** Adds an entry to the metadata of the module that a file declares. */
export function withModuleEntry(app: Application, file: string, entry: ModuleEntry): ModuleEdit {
  const { ts } = app;
  const source = app.parse(file);
  const metadata = findMetadata(app, source, entry.module);
  if (metadata === undefined)
    return { outcome: 'not understood', why: `${file} has no class with @Module({ … })` };
  const property = metadata.properties.find((each) => each.name?.getText() === entry.list);
  const imported = importInsertions(ts, source, [entry.name], entry.from);
  if (property === undefined) {
    const text = ` ${entry.list}: [${entry.expression}]${metadata.properties.length > 0 ? ',' : ' '}`;
    const added = {
      at: metadata.getStart() + 1,
      text: `${lineBreak(source.text, metadata)}${text.trimStart()}`,
    };
    return { outcome: 'changed', text: withInsertions(source.text, [added, ...imported]) };
  }
  if (!ts.isPropertyAssignment(property) || !ts.isArrayLiteralExpression(property.initializer))
    return {
      outcome: 'not understood',
      why: `\`${entry.list}\` of the module in ${file} is not a list in brackets`,
    };
  const list = property.initializer;
  if (list.elements.some((element) => nameOf(element.getText()) === entry.name))
    return { outcome: 'unchanged' };
  const added = appendedElement(source.text, list, entry.expression);
  return { outcome: 'changed', text: withInsertions(source.text, [added, ...imported]) };
}

function lineBreak(text: string, metadata: ts.ObjectLiteralExpression): string {
  const [first] = metadata.properties;
  if (!first) return ' ';
  return text.slice(metadata.getStart() + 1, first.getStart());
}

/** `BackfillModule.forRoot()` → `BackfillModule` */
function nameOf(expression: string): string {
  return /^[\w$]+/.exec(expression)?.[0] ?? '';
}

/** The object in `@Module({ … })` of a class, or of the first class of the file that has it. */
function findMetadata(
  { ts }: Application,
  source: ts.SourceFile,
  name: string | undefined,
): ts.ObjectLiteralExpression | undefined {
  for (const statement of source.statements) {
    if (!ts.isClassDeclaration(statement)) continue;
    if (name !== undefined && statement.name?.text !== name) continue;
    for (const { expression } of ts.getDecorators(statement) ?? []) {
      if (!ts.isCallExpression(expression) || expression.expression.getText() !== 'Module') continue;
      const [argument] = expression.arguments;
      if (argument && ts.isObjectLiteralExpression(argument)) return argument;
    }
  }
  return undefined;
}
