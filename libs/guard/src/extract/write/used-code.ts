import { dirname, relative, resolve, sep } from 'node:path';
import type * as ast from 'oxc-parser';
import type { ParsedModule } from '../../source/parsed-module.js';
import type { CodeUnit } from '../code/code-units.js';
import { namesDeclared, namesUsed } from '../code/syntax.js';

/** The code that other code needs: declarations before it in its method, and those of the module. */
export interface UsedCode {
  /** In the order of the method. */
  readonly units: readonly CodeUnit[];
  /** Imports and declarations of the module, as text for a file in another folder. */
  readonly moduleCode: readonly string[];
}

/** @param folder of the file that will contain the code */
export function usedCode(
  module: ParsedModule,
  parts: readonly ast.Node[],
  { units, folder }: { readonly units: readonly CodeUnit[]; readonly folder: string },
): UsedCode {
  const names = new Set(parts.flatMap((node) => [...namesUsed(node)]));
  const needed = new Set<CodeUnit>();
  const statements = new Set<ast.Node>();
  for (let size = -1; size !== needed.size + statements.size;) {
    size = needed.size + statements.size;
    for (const unit of units)
      if (!parts.includes(unit.node) && unit.declares.some((name) => names.has(name))) {
        needed.add(unit);
        for (const name of namesUsed(unit.node)) names.add(name);
      }
    for (const statement of module.program.body)
      if (declaredBy(statement).some((name) => names.has(name))) {
        statements.add(statement);
        if (statement.type !== 'ImportDeclaration') for (const name of namesUsed(statement)) names.add(name);
      }
  }
  return {
    units: units.filter((unit) => needed.has(unit)),
    moduleCode: [...module.program.body]
      .filter((statement) => statements.has(statement))
      .map((statement) => textFor(module, statement, folder)),
  };
}

function declaredBy(statement: ast.Node): readonly string[] {
  if (statement.type === 'ImportDeclaration') return statement.specifiers.map(({ local }) => local.name);
  if (statement.type === 'ExportNamedDeclaration' && statement.declaration?.type === 'ClassDeclaration')
    return [];
  const declaration = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement;
  if (!declaration || declaration.type === 'ClassDeclaration') return [];
  return TYPE_DECLARATIONS.has(declaration.type) && 'id' in declaration
    ? [...namesUsed(declaration.id as ast.Node)]
    : namesDeclared(declaration);
}

const TYPE_DECLARATIONS = new Set(['TSTypeAliasDeclaration', 'TSInterfaceDeclaration', 'TSEnumDeclaration']);

/** The statement as text. A relative import gets the path from the other folder. */
function textFor(module: ParsedModule, statement: ast.Node, folder: string): string {
  const declaration =
    statement.type === 'ExportNamedDeclaration' && statement.declaration ? statement.declaration : statement;
  const text = module.source.text.slice(declaration.start, declaration.end);
  return text.replace(
    /(\bfrom\s+|\brequire\(|^import\s+)(['"])(\.{1,2}\/[^'"]*)\2/,
    (_all, start: string, quote: string, path: string) => {
      const moved = relative(folder, resolve(dirname(module.source.path), path))
        .split(sep)
        .join('/');
      return `${start}${quote}${moved.startsWith('.') ? moved : `./${moved}`}${quote}`;
    },
  );
}
