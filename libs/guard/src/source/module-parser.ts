import { parseSync } from 'oxc-parser';
import type * as ast from 'oxc-parser';
import { readCommonJs } from './commonjs-exports.js';
import { readCompiledExports } from './compiled-exports.js';
import { declaredNames, nameOf } from './declared-names.js';
import type { ModuleExport, ParsedModule } from './parsed-module.js';
import { SourceText } from './source-text.js';

/** The parser's message, and the position of the error. */
export interface SyntaxFailure {
  readonly message: string;
  readonly offset: number;
}

export type ParsedSource =
  | { readonly ok: true; readonly module: ParsedModule }
  | { readonly ok: false; readonly source: SourceText; readonly failure: SyntaxFailure };

/**
 * The parser is native code, and a stack overflow in it ends the process. Its stack holds more than 5,000
 * levels.
 */
const MAX_NESTED_BRACKETS = 2_000;

/** Parses TypeScript or JavaScript, ESM or CommonJS, by the file's extension. */
export function parseModule(path: string, text: string): ParsedSource {
  const source = new SourceText(path, text);
  const tooDeep = offsetOfDeepestBracket(text);
  if (tooDeep !== undefined)
    return {
      ok: false,
      source,
      failure: { message: `nested deeper than ${String(MAX_NESTED_BRACKETS)} brackets`, offset: tooDeep },
    };
  const result = parseSync(path, text, { preserveParens: false, sourceType: sourceTypeOf(path, text) });
  const [error] = result.errors.filter((candidate) => String(candidate.severity) === 'Error');
  if (error && (result.program.body.length === 0 || isSyntaxError(error.message)))
    return { ok: false, source, failure: { message: error.message, offset: error.labels[0]?.start ?? 0 } };
  return { ok: true, module: toModule(source, result.program, result.comments) };
}

/** Brackets in strings and comments count too. @returns the first bracket that is nested too deep */
function offsetOfDeepestBracket(text: string): number | undefined {
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 0x28 || code === 0x5b || code === 0x7b) depth += 1;
    else if ((code === 0x29 || code === 0x5d || code === 0x7d) && depth > 0) depth -= 1;
    if (depth > MAX_NESTED_BRACKETS) return at;
  }
  return undefined;
}

/**
 * A semantic error, e.g. a name that is declared twice, leaves a complete tree. Only an incomplete tree is
 * refused.
 */
function isSyntaxError(message: string): boolean {
  return /expected|unexpected|unterminated|invalid character/i.test(message);
}

function sourceTypeOf(path: string, text: string): 'module' | 'script' | 'commonjs' | 'unambiguous' {
  if (/\.(cjs|cts)$/.test(path)) return 'commonjs';
  if (/\.(mjs|mts|ts|tsx)$/.test(path)) return 'module';
  return /^\s*(import|export)\b/m.test(text) ? 'module' : 'commonjs';
}

function toModule(source: SourceText, program: ast.Program, comments: readonly ast.Comment[]): ParsedModule {
  const exports = new Map<string, ModuleExport>();
  const starExports: string[] = [];
  let commonJs: ast.Expression | undefined;
  for (const statement of program.body) {
    switch (statement.type) {
      case 'ExportNamedDeclaration':
        readNamedExport(statement, exports);
        break;
      case 'ExportDefaultDeclaration':
        exports.set('default', { kind: 'expression', node: statement.declaration as ast.Expression });
        break;
      case 'ExportAllDeclaration':
        if (statement.exported)
          exports.set(nameOf(statement.exported), {
            kind: 'reexport',
            specifier: statement.source.value,
            name: '*',
          });
        else starExports.push(statement.source.value);
        break;
      case 'TSExportAssignment':
        commonJs = statement.expression;
        break;
      case 'ExpressionStatement':
        commonJs = readCommonJs(statement.expression, exports) ?? commonJs;
        readCompiledExports(statement.expression, exports, starExports);
        break;
      default:
    }
  }
  const base = { source, program, comments, exports, starExports };
  return commonJs ? { ...base, commonJs } : base;
}

function readNamedExport(statement: ast.ExportNamedDeclaration, exports: Map<string, ModuleExport>): void {
  for (const specifier of statement.specifiers) {
    const exported = nameOf(specifier.exported);
    const local = nameOf(specifier.local);
    exports.set(
      exported,
      statement.source
        ? { kind: 'reexport', specifier: statement.source.value, name: local }
        : { kind: 'local', name: local },
    );
  }
  for (const name of statement.declaration ? declaredNames(statement.declaration) : [])
    exports.set(name, { kind: 'local', name });
}
