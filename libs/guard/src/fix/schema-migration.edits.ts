import type * as ast from 'oxc-parser';
import { walkNodes } from '../extract/code/syntax.js';

/** A replacement of a part of the code. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

export interface SchemaMigrationEdits {
  readonly edits: readonly Edit[];
  /** A class now extends `SchemaMigration`, which the code does not import yet. */
  readonly needsImport: boolean;
  /** Classes that the author must change: they extend another class, or have a constructor. */
  readonly others: readonly string[];
}

/**
 * Makes the classes of the replaced statements extend `SchemaMigration`, which runs the steps in every mode of
 * TypeORM. `implements MigrationInterface` and its import go if nothing else uses them.
 */
export function schemaMigrationEdits(
  program: ast.Program,
  code: string,
  replaced: readonly Edit[],
): SchemaMigrationEdits {
  const local = localName(program);
  const edits: Edit[] = [];
  const others: string[] = [];
  let uses = 0;
  walkNodes(program, (node) => {
    if (node.type !== 'ClassDeclaration' && node.type !== 'ClassExpression') return true;
    const isChanged = replaced.some(({ start }) => node.body.start < start && start < node.body.end);
    const parent = node.superClass ? code.slice(node.superClass.start, node.superClass.end) : undefined;
    if (!isChanged || parent === 'SchemaMigration') return false;
    if (parent !== undefined || hasConstructor(node)) others.push(node.id?.name ?? 'the class');
    else {
      const implemented = (node.implements ?? []).map(({ start, end }) => code.slice(start, end));
      if (implemented.includes(local)) uses += 1;
      edits.push(
        heading(
          node,
          code,
          implemented.filter((name) => name !== local),
        ),
      );
    }
    return false;
  });
  const isImported = importOf(program, 'SchemaMigration') !== undefined;
  const unused = uses > 0 ? unusedImport(program, code, { local, uses }) : [];
  return { edits: [...edits, ...unused], needsImport: edits.length > 0 && !isImported, others };
}

type Class = Extract<ast.Node, { type: 'ClassDeclaration' | 'ClassExpression' }>;

function hasConstructor({ body }: Class): boolean {
  return body.body.some((item) => item.type === 'MethodDefinition' && item.kind === 'constructor');
}

/** What stands between the name of the class and its body. */
function heading(node: Class, code: string, kept: readonly string[]): Edit {
  const start =
    node.typeParameters?.end ?? node.id?.end ?? code.indexOf('class', node.start) + 'class'.length;
  const implemented = kept.length > 0 ? ` implements ${kept.join(', ')}` : '';
  return { start, end: node.body.start, text: ` extends SchemaMigration${implemented} ` };
}

const INTERFACE = 'MigrationInterface';

/** The name under which the code imports TypeORM's interface. */
function localName(program: ast.Program): string {
  return importOf(program, INTERFACE)?.specifier.local.name ?? INTERFACE;
}

function importOf(program: ast.Program, name: string) {
  for (const declaration of program.body) {
    if (declaration.type !== 'ImportDeclaration') continue;
    const specifier = declaration.specifiers.find(
      (one): one is ast.ImportSpecifier =>
        one.type === 'ImportSpecifier' && one.imported.type === 'Identifier' && one.imported.name === name,
    );
    if (specifier) return { declaration, specifier };
  }
  return undefined;
}

/** The import of the interface, if only the changed classes have used it. */
function unusedImport(
  program: ast.Program,
  code: string,
  { local, uses }: { readonly local: string; readonly uses: number },
): readonly Edit[] {
  const found = importOf(program, INTERFACE);
  if (!found) return [];
  const { declaration, specifier } = found;
  let count = 0;
  walkNodes(program, (node) => {
    if (node.type === 'ImportDeclaration') return false;
    if (node.type === 'Identifier' && node.name === local) count += 1;
    return true;
  });
  if (count > uses) return [];
  const rest = declaration.specifiers.filter((one) => one !== specifier);
  const { start, end } = declaration;
  if (rest.length === 0) {
    const lineEnd = /^[ \t]*\r?\n?/.exec(code.slice(end))?.[0].length ?? 0;
    return [{ start, end: end + lineEnd, text: '' }];
  }
  const names = rest
    .filter(({ type }) => type === 'ImportSpecifier')
    .map(({ start: from, end: to }) => code.slice(from, to));
  const [open, close] = [code.indexOf('{', start), code.indexOf('}', start) + 1];
  const isLast = names.length === 0;
  const from = isLast ? code.lastIndexOf(',', open) : open;
  return [{ start: from, end: close, text: isLast ? '' : `{ ${names.join(', ')} }` }];
}
