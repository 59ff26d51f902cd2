import { isObject, kindOf, list, nodeOf, type Json, type SqlParser } from 'nestjs-backfill-sql/tree';
import { fragment, type Fragment } from '../fragment.js';
import { NotMovableError } from '../not-movable.error.js';
import { StatementText } from '../statement-text.js';

/** One relation of a FROM clause, and how it is joined to those before it. */
export interface JoinItem {
  readonly node: Json;
  readonly piece: Fragment;
  readonly join: 'inner' | 'left';
  readonly on: Fragment | undefined;
}

/**
 * The relations of a FROM clause in the order of the text.
 *
 * @throws {NotMovableError} for joins other than inner and left joins with ON
 */
export function joinItems(parser: SqlParser, text: string, fromClause: unknown): readonly JoinItem[] {
  const nodes = list(fromClause).flatMap((item) => flattened(item));
  const texts = splitJoins(new StatementText(parser, text));
  if (nodes.length !== texts.length)
    throw new NotMovableError('its joins are nested; write them one after another');
  return nodes.map(({ node, join, quals }, index) => {
    const { item, on } = texts[index] ?? { item: '', on: undefined };
    return {
      node: kindOf(node)?.[1] ?? {},
      join,
      piece: fragment(parser, 'from', { text: item, tree: [node] }),
      on: quals === undefined ? undefined : fragment(parser, 'where', { text: on ?? '', tree: quals }),
    };
  });
}

interface FlatJoin {
  readonly node: unknown;
  readonly join: JoinItem['join'];
  readonly quals: unknown;
}

function flattened(item: unknown): readonly FlatJoin[] {
  const join = nodeOf(item, 'JoinExpr');
  if (!join) return [{ node: item, join: 'inner', quals: undefined }];
  const isInner = join['jointype'] === 'JOIN_INNER';
  if (!isInner && join['jointype'] !== 'JOIN_LEFT') throw new NotMovableError('it has a right or full join');
  if (join['isNatural'] === true || list(join['usingClause']).length > 0)
    throw new NotMovableError('it joins with USING or NATURAL; write ON instead');
  if (isObject(join['alias']) || nodeOf(join['rarg'], 'JoinExpr'))
    throw new NotMovableError('its joins are nested; write them one after another');
  return [
    ...flattened(join['larg']),
    { node: join['rarg'], join: isInner ? 'inner' : 'left', quals: join['quals'] },
  ];
}

const JOIN_WORDS = new Set([',', 'join', 'inner', 'cross', 'left', 'outer', 'natural', 'right', 'full']);

function splitJoins(text: StatementText): readonly { item: string; on: string | undefined }[] {
  const items: { item: string; on: string | undefined }[] = [];
  const end = text.tokens.length;
  let at = 0;
  while (at < end) {
    const isWord = (word: string): boolean => JOIN_WORDS.has(word);
    const next = text.find(at, ({ word }, index) => isWord(word) && text.word(index + 1) !== '(');
    const on = Math.min(
      text.find(at, ({ word }) => word === 'on'),
      next,
    );
    items.push({ item: text.slice(at, on), on: on < next ? text.slice(on + 1, next) : undefined });
    at = next;
    while (at < end && isWord(text.word(at))) at++;
  }
  return items;
}
