import { sqlPieces } from '../../text/sql-pieces.js';
import { VOLATILE, withoutVolatileValues } from './volatile-values.js';

interface Token {
  readonly text: string;
  /** A value may be an item of a list. */
  readonly kind: 'value' | 'code';
}

const CODE_TOKEN =
  /(?<parameter>\$\d+)|(?<number>\d[\d_.]*(?:e[+-]?\d+)?)|[\p{L}_\u0080-\uffff][\w$\u0080-\uffff]*|\S/giu;
const PLAIN_NAME = /^"([a-z_][a-z\d_]*)"$/;
const ELEMENT = String.raw`(?:"(?:[^"\\]|\\[^])*"|[^,{}"]+)`;
const ARRAY = new RegExp(`^\\{${ELEMENT}(?:,${ELEMENT})*\\}$`);

/**
 * Writes a condition in the same way for each process that declares it: without comments, layout and volatile values,
 * with its parameters in their places and its lists in order. Two conditions that differ otherwise stay different.
 */
export function canonicalSql(sql: string, parameters: readonly (string | null)[]): string {
  const tokens = sqlPieces(sql).flatMap(({ text, kind }): Token[] => {
    if (kind === 'comment') return [];
    if (kind === 'code') return codeTokens(text, parameters);
    return text.startsWith('"')
      ? [{ text: text.replace(PLAIN_NAME, '$1'), kind: 'code' }]
      : [{ text: literalOf(text), kind: 'value' }];
  });
  return sortLists(tokens)
    .map(({ text }) => text)
    .join(' ');
}

function codeTokens(code: string, parameters: readonly (string | null)[]): Token[] {
  return [...code.matchAll(CODE_TOKEN)].map(({ 0: text, groups }): Token => {
    const { parameter, number } = groups as { readonly parameter?: string; readonly number?: string };
    if (parameter !== undefined)
      return { text: parameterText(parameters[Number(parameter.slice(1)) - 1] ?? null), kind: 'value' };
    if (number !== undefined) return { text: withoutVolatileValues(number), kind: 'value' };
    return { text: text.toLowerCase(), kind: 'code' };
  });
}

function parameterText(value: string | null): string {
  return value === null ? 'null' : `'${valueText(value).replaceAll("'", "''")}'`;
}

function literalOf(quoted: string): string {
  const plain = /^'([^]*)'$/.exec(quoted);
  return plain?.[1] === undefined ? withoutVolatileValues(quoted) : `'${valueText(plain[1])}'`;
}

/** The items of an array are sorted: nearly all arrays of a condition are those of `= ANY (…)`. */
function valueText(value: string): string {
  if (!ARRAY.test(value)) return withoutVolatileValues(value);
  const elements = value.slice(1, -1).match(new RegExp(ELEMENT, 'g')) ?? [];
  return `{${unique(elements.map((element) => withoutVolatileValues(element))).join()}}`;
}

/** `IN (2, 1)` becomes `= ANY (1, 2)`: a long list of TypeORM is sent as an array, and then has another SQL. */
function sortLists(tokens: readonly Token[]): Token[] {
  const sorted: Token[] = [];
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at] as Token;
    const items = token.text === 'in' && token.kind === 'code' ? itemsAt(tokens, at + 1) : null;
    if (items === null) {
      sorted.push(token);
      continue;
    }
    const values = unique(items.map(({ text }) => text));
    sorted.push({ text: `= any ( ${arrayOf(values)} )`, kind: 'code' });
    at += items.length * 2 + 1;
  }
  return sorted;
}

/** As the parameter of an array is written, if each value is text. */
function arrayOf(values: readonly string[]): string {
  if (!values.every((value) => value.startsWith("'"))) return `{${values.join()}}`;
  return `'{${unique(values.map((value) => `"${value.slice(1, -1)}"`)).join()}}'`;
}

/** The values between parentheses; null if there is something else between them, e.g. a query. */
function itemsAt(tokens: readonly Token[], start: number): readonly Token[] | null {
  if (tokens[start]?.text !== '(') return null;
  const items: Token[] = [];
  for (let at = start + 1; ; at += 2) {
    const item = tokens[at];
    if (item?.kind !== 'value') return null;
    items.push(item);
    const next = tokens[at + 1]?.text;
    if (next === ')') return items;
    if (next !== ',') return null;
  }
}

function unique(values: readonly string[]): string[] {
  const isVolatile = (value: string) => value.replaceAll('"', '') === VOLATILE;
  return [...new Set(values.map((value) => (isVolatile(value) ? `"${VOLATILE}"` : value)))].sort();
}
