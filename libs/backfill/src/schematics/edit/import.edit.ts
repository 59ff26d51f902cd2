import type ts from 'typescript';
import type { TypeScript } from '../application/typescript.loader.js';
import { appendedElement } from './list.edit.js';
import type { Insertion } from './text-edits.js';

/** Imports names from a module. Adds nothing that the file imports already. */
export function importInsertions(
  ts: TypeScript,
  source: ts.SourceFile,
  names: readonly string[],
  from: string,
): Insertion[] {
  const imports = source.statements.filter((statement) => ts.isImportDeclaration(statement));
  const same = imports.find(
    (each) =>
      ts.isStringLiteral(each.moduleSpecifier) &&
      each.moduleSpecifier.text === from &&
      each.importClause?.namedBindings !== undefined &&
      ts.isNamedImports(each.importClause.namedBindings) &&
      !each.importClause.isTypeOnly,
  );
  const bindings = same?.importClause?.namedBindings;
  const existing =
    bindings && ts.isNamedImports(bindings) ? bindings.elements.map(({ name }) => name.text) : [];
  const missing = names.filter((name) => !existing.includes(name));
  if (missing.length === 0) return [];
  if (bindings && ts.isNamedImports(bindings))
    return [appendedElement(source.text, bindings, missing.join(', '))];
  const quote = /from "/.test(source.text) ? '"' : "'";
  const line = `import { ${missing.join(', ')} } from ${quote}${from}${quote};`;
  // A package comes before the files of the application.
  const isFile = (each: ts.ImportDeclaration): boolean => /^['"]\./.test(each.moduleSpecifier.getText());
  const last =
    (from.startsWith('.') ? undefined : imports.findLast((each) => !isFile(each))) ?? imports.at(-1);
  return last ? [{ at: last.getEnd(), text: `\n${line}` }] : [{ at: 0, text: `${line}\n` }];
}
