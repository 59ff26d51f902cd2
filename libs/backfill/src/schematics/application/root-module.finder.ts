import type ts from 'typescript';
import type { Application } from './application.js';
import { importedFile } from './module-path.js';

/** The call `NestFactory.create(AppModule)` in main.ts, and where the module is declared. */
export interface RootModule {
  readonly mainFile: string;
  readonly call: ts.CallExpression;
  readonly name: string;
  /** The file of the module; undefined if it is imported in a way that is not understood. */
  readonly file: string | undefined;
}

/** The root module, from the file that starts the application; undefined if no file is understood. */
export function findRootModule(app: Application): RootModule | undefined {
  const main = `${app.sourceRoot}/main.ts`;
  const files = [main, ...app.files.filter((file) => file !== main)].filter((file) => app.exists(file));
  for (const mainFile of files) {
    if (!app.text(mainFile).includes('NestFactory')) continue;
    const source = app.parse(mainFile);
    const call = findCreateCall(app, source);
    const [module] = call?.arguments ?? [];
    if (call && module && app.ts.isIdentifier(module))
      return { mainFile, call, name: module.text, file: declaringFile(app, source, module.text) };
  }
  return undefined;
}

function findCreateCall({ ts }: Application, source: ts.SourceFile): ts.CallExpression | undefined {
  const visit = (node: ts.Node): ts.CallExpression | undefined =>
    ts.isCallExpression(node) &&
    ts.isPropertyAccessExpression(node.expression) &&
    node.expression.expression.getText() === 'NestFactory' &&
    node.expression.name.text.startsWith('create')
      ? node
      : ts.forEachChild(node, visit);
  return visit(source);
}

/** The file that declares or exports a name of another file. */
export function declaringFile(app: Application, source: ts.SourceFile, name: string): string | undefined {
  const { ts } = app;
  for (const statement of source.statements) {
    if (ts.isClassDeclaration(statement) && statement.name?.text === name) return source.fileName;
    if (!ts.isImportDeclaration(statement) || !ts.isStringLiteral(statement.moduleSpecifier)) continue;
    const bindings = statement.importClause?.namedBindings;
    if (bindings && ts.isNamedImports(bindings) && bindings.elements.some((each) => each.name.text === name))
      return importedFile(app, source.fileName, statement.moduleSpecifier.text);
  }
  return undefined;
}
