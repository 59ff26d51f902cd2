import ts from 'typescript';
import { sqlMutations } from './sql-operators.mjs';

/**
 * A small change of a source file, a fault that a spec should notice.
 *
 * @typedef {object} Mutation
 * @property {number} start in the file's text
 * @property {number} end
 * @property {string} replacement
 * @property {string} operator
 *
 * @typedef {Mutation & { readonly scope: string, readonly line: number, readonly original: string }} LocatedMutation
 */

const SWAPPED_OPERATORS = new Map([
  [ts.SyntaxKind.LessThanToken, '<='],
  [ts.SyntaxKind.LessThanEqualsToken, '<'],
  [ts.SyntaxKind.GreaterThanToken, '>='],
  [ts.SyntaxKind.GreaterThanEqualsToken, '>'],
  [ts.SyntaxKind.EqualsEqualsEqualsToken, '!=='],
  [ts.SyntaxKind.ExclamationEqualsEqualsToken, '==='],
  [ts.SyntaxKind.AmpersandAmpersandToken, '||'],
  [ts.SyntaxKind.BarBarToken, '&&'],
  [ts.SyntaxKind.QuestionQuestionToken, '&&'],
  [ts.SyntaxKind.PlusToken, '-'],
  [ts.SyntaxKind.MinusToken, '+'],
  [ts.SyntaxKind.AsteriskToken, '/'],
  [ts.SyntaxKind.SlashToken, '*'],
  [ts.SyntaxKind.PlusEqualsToken, '-='],
  [ts.SyntaxKind.MinusEqualsToken, '+='],
]);
const SWAPPED_METHODS = new Map([
  ['some', 'every'],
  ['every', 'some'],
  ['min', 'max'],
  ['max', 'min'],
  ['startsWith', 'endsWith'],
  ['endsWith', 'startsWith'],
]);
const REMOVED_METHODS = new Set(['filter', 'sort', 'reverse', 'slice', 'trim', 'toLowerCase', 'toUpperCase']);
/** A larger number is a time or a limit that was tuned: one more is no fault. */
const MIN_TUNED = 100;
/** A word that the program compares or looks up; a text of several words is a message. */
const WORD = /^[\w-]+$/;

/**
 * Every mutation of a file, from its beginning to its end. Types, imports and texts of messages have none.
 *
 * @param {string} path
 * @param {string} text
 * @returns {LocatedMutation[]}
 */
export function mutationsOf(path, text) {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  /** @type {LocatedMutation[]} */
  const found = [];
  visitCode(file, (node) => {
    const scope = scopeOf(node);
    for (const mutation of [...codeMutations(node), ...literalMutations(node)]) {
      const line = file.getLineAndCharacterOfPosition(mutation.start).line + 1;
      found.push({ ...mutation, scope, line, original: text.slice(mutation.start, mutation.end) });
    }
  });
  return found.sort((a, b) => a.start - b.start || a.end - b.end);
}

/**
 * The function, method or accessor in which a node stands, e.g. `Sweep.next`; `Sweep.` for a property of a class, and
 * empty for the module itself.
 *
 * @param {ts.Node} node
 * @returns {string}
 */
export function scopeOf(node) {
  /** @type {string[]} */
  const names = [];
  let isInClass = false;
  for (let at = node.parent; at; at = at.parent) {
    const name = nameOfScope(at);
    if (name === undefined) continue;
    if (names.length === 0) isInClass = ts.isClassDeclaration(at);
    names.unshift(name);
  }
  return names.join('.') + (isInClass ? '.' : '');
}

/** @param {ts.Node} node @returns {string | undefined} */
function nameOfScope(node) {
  if (ts.isConstructorDeclaration(node)) return 'constructor';
  if (ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node) || ts.isAccessor(node))
    return node.name?.getText() ?? 'default';
  if (ts.isClassDeclaration(node)) return node.name?.getText() ?? 'default';
  if ((ts.isArrowFunction(node) || ts.isFunctionExpression(node)) && ts.isVariableDeclaration(node.parent))
    return node.parent.name.getText();
  return undefined;
}

/**
 * Visits what runs: no types, no imports, no decorators of a class.
 *
 * @param {ts.Node} node
 * @param {(node: ts.Node) => void} visit
 */
function visitCode(node, visit) {
  if (ts.isTypeNode(node) || ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) {
    if (!ts.isExpressionWithTypeArguments(node)) return;
  }
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return;
  visit(node);
  ts.forEachChild(node, (child) => visitCode(child, visit));
}

/** @param {ts.Node} node @returns {Mutation[]} */
function codeMutations(node) {
  if (ts.isBinaryExpression(node)) return ofBinary(node);
  if (ts.isIfStatement(node) || ts.isWhileStatement(node) || ts.isDoStatement(node))
    return ofCondition(node.expression, ts.isIfStatement(node) ? ['true', 'false'] : ['false']);
  if (ts.isConditionalExpression(node)) return ofCondition(node.condition, ['true', 'false']);
  if (ts.isForStatement(node) && node.condition) return ofCondition(node.condition, ['false']);
  if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken)
    return [replaced(node, node.operand.getText(), 'negation removed')];
  if (ts.isExpressionStatement(node)) return ofStatement(node);
  if (ts.isReturnStatement(node)) return ofReturn(node);
  if (ts.isCallExpression(node)) return ofCall(node);
  if (ts.isArrayLiteralExpression(node) && node.elements.length > 0)
    return [replaced(node, '[]', 'list emptied')];
  return [];
}

/** @param {ts.BinaryExpression} node @returns {Mutation[]} */
function ofBinary(node) {
  const { operatorToken, left, right } = node;
  const other = SWAPPED_OPERATORS.get(operatorToken.kind);
  if (other === undefined) return [];
  const isText = (/** @type {ts.Node} */ side) =>
    ts.isStringLiteralLike(side) || ts.isTemplateExpression(side);
  if (operatorToken.kind === ts.SyntaxKind.PlusToken && (isText(left) || isText(right))) return [];
  // `??` and `&&` need parentheses between them.
  if (operatorToken.kind === ts.SyntaxKind.QuestionQuestionToken)
    return [replaced(node, `((${left.getText()}) && (${right.getText()}))`, 'operator')];
  return [replaced(operatorToken, other, 'operator')];
}

/** @param {ts.Expression} node @param {readonly string[]} values @returns {Mutation[]} */
function ofCondition(node, values) {
  return values
    .filter((value) => value !== node.getText())
    .map((value) => replaced(node, value, 'condition'));
}

/** @param {ts.ExpressionStatement} node @returns {Mutation[]} */
function ofStatement(node) {
  const { expression } = node;
  // A constructor without `super()` is no fault that anybody makes.
  if (ts.isCallExpression(expression) && expression.expression.kind === ts.SyntaxKind.SuperKeyword) return [];
  if (ts.isStringLiteral(expression)) return [];
  return [replaced(node, ';', 'statement removed')];
}

/** @param {ts.ReturnStatement} node @returns {Mutation[]} */
function ofReturn({ expression }) {
  if (!expression || /^(true|false|undefined|null|\[\])$/.test(expression.getText())) return [];
  return [replaced(expression, 'undefined', 'result')];
}

/** @param {ts.CallExpression} node @returns {Mutation[]} */
function ofCall(node) {
  /** @type {Mutation[]} */
  const found = [];
  const last = node.arguments.at(-1);
  const before = node.arguments.at(-2);
  if (last && before)
    found.push({ start: before.getEnd(), end: last.getEnd(), replacement: '', operator: 'argument removed' });
  if (!ts.isPropertyAccessExpression(node.expression)) return found;
  const { name, expression } = node.expression;
  const other = SWAPPED_METHODS.get(name.text);
  if (other !== undefined) found.push(replaced(name, other, 'method'));
  if (REMOVED_METHODS.has(name.text)) found.push(replaced(node, expression.getText(), 'call removed'));
  return found;
}

/** @param {ts.Node} node @returns {Mutation[]} */
function literalMutations(node) {
  if (node.kind === ts.SyntaxKind.TrueKeyword) return [replaced(node, 'false', 'boolean')];
  if (node.kind === ts.SyntaxKind.FalseKeyword) return [replaced(node, 'true', 'boolean')];
  if (ts.isNumericLiteral(node) && !isPropertyName(node) && Number(node.text) < MIN_TUNED)
    return [replaced(node, `(${node.getText()} + 1)`, 'number')];
  if (ts.isStringLiteralLike(node)) {
    if (isPropertyName(node)) return [];
    if (WORD.test(node.text)) return [replaced(node, "''", 'word emptied')];
  }
  if (
    ts.isStringLiteralLike(node) ||
    ts.isTemplateHead(node) ||
    ts.isTemplateMiddle(node) ||
    ts.isTemplateTail(node)
  ) {
    const start = node.getStart();
    return sqlMutations(node.getText()).map((one) => ({
      ...one,
      start: start + one.start,
      end: start + one.end,
    }));
  }
  return [];
}

/** @param {ts.Node} node */
function isPropertyName(node) {
  const { parent } = node;
  return (
    (ts.isPropertyAssignment(parent) ||
      ts.isPropertySignature(parent) ||
      ts.isElementAccessExpression(parent)) &&
    !('initializer' in parent && parent.initializer === node)
  );
}

/** @param {ts.Node} node @param {string} replacement @param {string} operator @returns {Mutation} */
function replaced(node, replacement, operator) {
  return { start: node.getStart(), end: node.getEnd(), replacement, operator };
}
