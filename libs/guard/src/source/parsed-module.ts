import type * as ast from 'oxc-parser';
import type { SourceText } from './source-text.js';

/** The target of an exported name. */
export type ModuleExport =
  | { readonly kind: 'local'; readonly name: string }
  | { readonly kind: 'expression'; readonly node: ast.Expression | ast.Class | ast.Function }
  | { readonly kind: 'reexport'; readonly specifier: string; readonly name: string };

/** One source file: its syntax tree, its comments and its exports. */
export interface ParsedModule {
  readonly source: SourceText;
  readonly program: ast.Program;
  readonly comments: readonly ast.Comment[];
  readonly exports: ReadonlyMap<string, ModuleExport>;
  /** The specifiers of `export * from`. */
  readonly starExports: readonly string[];
  /** `module.exports = …`. */
  readonly commonJs?: ast.Expression;
}
