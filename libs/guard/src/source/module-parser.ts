import { parseSync } from 'oxc-parser';
import type * as ast from 'oxc-parser';
import { readCompiledExports } from './compiled-exports.js';
import type { ModuleExport, ParsedModule } from './parsed-module.js';
import { SourceText } from './source-text.js';

/** Why a file could not be parsed: the parser's own words and where. */
export interface SyntaxFailure {
  readonly message: string;
  readonly offset: number;
}

export type ParsedSource =
  | { readonly ok: true; readonly module: ParsedModule }
  | { readonly ok: false; readonly source: SourceText; readonly failure: SyntaxFailure };

/** The parser is native code: beyond its stack, which holds more than 5,000 levels, it would take the process down with it. */
const MOST_NESTED = 2_000;

/** Parses TypeScript or JavaScript, ESM or CommonJS, by the file's extension. */
export function parseModule(path: string, text: string): ParsedSource {
  const source = new SourceText(path, text);
  const tooDeep = deeperThan(MOST_NESTED, text);
  if (tooDeep !== undefined)
    return {
      ok: false,
      source,
      failure: { message: `nested deeper than ${String(MOST_NESTED)} brackets`, offset: tooDeep },
    };
  const result = parseSync(path, text, { preserveParens: false, sourceType: sourceTypeOf(path, text) });
  const [error] = result.errors.filter((candidate) => String(candidate.severity) === 'Error');
  if (error && (result.program.body.length === 0 || isSyntaxError(error.message)))
    return { ok: false, source, failure: { message: error.message, offset: error.labels[0]?.start ?? 0 } };
  return { ok: true, module: toModule(source, result.program, result.comments) };
}

/** Brackets in strings and comments count too, which only a text made for it would notice. @returns where it goes too deep */
function deeperThan(most: number, text: string): number | undefined {
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 0x28 || code === 0x5b || code === 0x7b) depth += 1;
    else if ((code === 0x29 || code === 0x5d || code === 0x7d) && depth > 0) depth -= 1;
    if (depth > most) return at;
  }
  return undefined;
}

/** Semantic complaints (a name declared twice, say) leave a whole tree; only a tree that is cut short is refused. */
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
          exports.set(nameOf(statement.exported), { kind: 'namespace', specifier: statement.source.value });
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
  const base = { source, program, comments, exports, starExports, values: new Map() };
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

/** `module.exports = x` is returned; `exports.a = x` and `module.exports.a = x` are added to the exports. */
function readCommonJs(
  expression: ast.Expression,
  exports: Map<string, ModuleExport>,
): ast.Expression | undefined {
  if (expression.type !== 'AssignmentExpression' || expression.operator !== '=') return undefined;
  const { left, right } = expression;
  if (left.type !== 'MemberExpression' || left.computed) return undefined;
  const { object, property } = left;
  const isModuleExports =
    object.type === 'MemberExpression' &&
    !object.computed &&
    object.object.type === 'Identifier' &&
    object.object.name === 'module' &&
    object.property.name === 'exports';
  if (object.type === 'Identifier' && object.name === 'module' && property.name === 'exports') {
    if (right.type === 'AssignmentExpression') readCommonJs(right, exports);
    return right.type === 'AssignmentExpression' ? right.right : right;
  }
  if ((object.type === 'Identifier' && object.name === 'exports') || isModuleExports) {
    if (right.type === 'AssignmentExpression') readCommonJs(right, exports);
    if (!exports.has(property.name) || right.type !== 'UnaryExpression')
      exports.set(property.name, { kind: 'expression', node: right });
  }
  return undefined;
}

export function declaredNames(declaration: ast.Declaration | ast.Statement): readonly string[] {
  switch (declaration.type) {
    case 'VariableDeclaration':
      return declaration.declarations.flatMap((item) => patternNames(item.id));
    case 'FunctionDeclaration':
    case 'ClassDeclaration':
      return declaration.id ? [declaration.id.name] : [];
    case 'TSEnumDeclaration':
      return [declaration.id.name];
    default:
      return [];
  }
}

export function patternNames(pattern: ast.BindingPattern | ast.BindingRestElement): readonly string[] {
  switch (pattern.type) {
    case 'Identifier':
      return [pattern.name];
    case 'ObjectPattern':
      return pattern.properties.flatMap((property) =>
        property.type === 'RestElement' ? patternNames(property.argument) : patternNames(property.value),
      );
    case 'ArrayPattern':
      return pattern.elements.flatMap((element) => (element ? patternNames(element) : []));
    case 'AssignmentPattern':
      return patternNames(pattern.left);
    case 'RestElement':
      return patternNames(pattern.argument);
  }
}

export function nameOf(node: ast.ModuleExportName): string {
  return node.type === 'Literal' ? node.value : node.name;
}
