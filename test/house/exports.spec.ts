import { join } from 'node:path';
import ts from 'typescript';

const PROJECT = join(import.meta.dirname, '../..');
const INDEX = join(PROJECT, 'libs/backfill/src/index.ts');

describe('the entry point of nestjs-backfill', () => {
  const program = ts.createProgram([INDEX], {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2023,
    experimentalDecorators: true,
    skipLibCheck: true,
    types: [],
  });
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(INDEX);
  const module = source && checker.getSymbolAtLocation(source);
  const exported = (module ? checker.getExportsOfModule(module) : []).map((symbol) =>
    symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol,
  );
  const documented = (symbol: ts.Symbol): boolean =>
    ts.displayPartsToString(symbol.getDocumentationComment(checker)).trim() !== '';

  it('has named exports only', () => {
    const statements = source?.statements ?? [];
    expect(statements.length).toBeGreaterThan(0);
    for (const statement of statements) {
      expect(ts.isExportDeclaration(statement) && statement.exportClause?.kind).toBe(
        ts.SyntaxKind.NamedExports,
      );
    }
    expect(exported.map(({ name }) => name)).not.toContain('default');
  });

  it('has a doc comment on every export', () => {
    expect(exported.length).toBeGreaterThan(50);
    expect(exported.filter((symbol) => !documented(symbol)).map(({ name }) => name)).toEqual([]);
  });

  it('has a doc comment on every option, and a default on every option of the pace', () => {
    const undocumented = exported
      .filter(({ name }) => name.endsWith('Options'))
      .flatMap((options) =>
        checker
          .getDeclaredTypeOfSymbol(options)
          .getProperties()
          // A `@default` tag is enough if it explains the option.
          .filter((option) => !documented(option) && option.getJsDocTags(checker).length === 0)
          // The name `entity` needs no explanation.
          .filter(({ name }) => name !== 'entity')
          .map((option) => `${options.name}.${option.name}`),
      );
    expect(undocumented).toEqual([]);
    const pace = exported.find(({ name }) => name === 'PaceOptions');
    const withoutDefault = (pace ? checker.getDeclaredTypeOfSymbol(pace).getProperties() : [])
      .filter((option) => !option.getJsDocTags(checker).some(({ name }) => name === 'default'))
      .map(({ name }) => name);
    expect(withoutDefault).toEqual([]);
  });
});
