import type ts from 'typescript';
import type { Application } from '../application/application.js';
import type { RootModule } from '../application/root-module.finder.js';
import { importInsertions } from './import.edit.js';
import type { ModuleEdit } from './module.edit.js';
import { indentationAt, withInsertions } from './text-edits.js';

/** Adds the choice between a one-shot run and the server to the function that creates the application. */
export function withOneShot(app: Application, { mainFile, call, name }: RootModule): ModuleEdit {
  const source = app.parse(mainFile);
  if (/\bisOneShot\s*\(/.test(source.text)) return { outcome: 'unchanged' };
  const body = bodyAround(app, call);
  const [first] = body?.block.statements ?? [];
  if (!body || !first)
    return { outcome: 'not understood', why: `${mainFile} calls NestFactory outside a function` };
  if (!body.isAsync) return { outcome: 'not understood', why: `the function in ${mainFile} is not async` };
  const isVoid = body.returnType === 'Promise<void>';
  if (body.returnType !== undefined && !isVoid)
    return { outcome: 'not understood', why: `the function in ${mainFile} returns ${body.returnType}` };
  const indent = indentationAt(source.text, first.getStart());
  const line =
    isVoid || refusesImplicitReturns(app)
      ? `if (isOneShot()) {\n${indent}  await runOneShot(${name});\n${indent}  return;\n${indent}}`
      : `if (isOneShot()) return runOneShot(${name});`;
  const imports = importInsertions(app.ts, source, ['isOneShot', 'runOneShot'], 'nestjs-backfill');
  const text = withInsertions(source.text, [
    { at: first.getStart(), text: `${line}\n${indent}` },
    ...imports,
  ]);
  return { outcome: 'changed', text };
}

/** With this option, a function that returns the exit code here must return a value at its end too. */
function refusesImplicitReturns(app: Application): boolean {
  return app.exists('tsconfig.json') && /"noImplicitReturns"\s*:\s*true/.test(app.text('tsconfig.json'));
}

interface FunctionBody {
  readonly block: ts.Block;
  readonly isAsync: boolean;
  readonly returnType: string | undefined;
}

/** The outermost function around a node. */
function bodyAround({ ts }: Application, node: ts.Node): FunctionBody | undefined {
  let found: FunctionBody | undefined;
  for (let each: ts.Node = node; !ts.isSourceFile(each); each = each.parent) {
    if (!ts.isFunctionDeclaration(each) && !ts.isArrowFunction(each) && !ts.isFunctionExpression(each))
      continue;
    if (!each.body || !ts.isBlock(each.body)) continue;
    const isAsync = each.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.AsyncKeyword) ?? false;
    found = { block: each.body, isAsync, returnType: each.type?.getText() };
  }
  return found;
}
