import type * as ast from 'oxc-parser';
import type { Scope } from '../evaluate/machine/scope.js';
import type { Value } from '../evaluate/values/value.js';
import type { SourceText } from './source-text.js';

/** What a name that a module exports refers to. */
export type ModuleExport =
  | { readonly kind: 'local'; readonly name: string }
  | { readonly kind: 'expression'; readonly node: ast.Expression | ast.Class | ast.Function }
  | { readonly kind: 'reexport'; readonly specifier: string; readonly name: string }
  | { readonly kind: 'namespace'; readonly specifier: string };

/** One source file: its tree, its comments, what it exports. */
export interface ParsedModule {
  readonly source: SourceText;
  readonly program: ast.Program;
  readonly comments: readonly ast.Comment[];
  readonly exports: ReadonlyMap<string, ModuleExport>;
  /** Specifiers of `export * from`. */
  readonly starExports: readonly string[];
  /** `module.exports = …`. */
  readonly commonJs?: ast.Expression;
  /** Filled by the evaluator on first use. */
  scope?: Scope;
  /** Values of exports that were read. */
  readonly values: Map<string, Value>;
}
