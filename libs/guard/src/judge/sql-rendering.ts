import { isChunk } from '../evaluate/values/text-value.js';
import type { Hole, Site, TextValue } from '../evaluate/values/value.types.js';

/** Where a hole stands, by PostgreSQL's lexical rules. */
export type HolePlace =
  /** Inside `'…'`: any content leaves the statement what it is. */
  | 'string'
  /** Inside `"…"`: a name. */
  | 'name'
  | 'comment'
  /** Where a statement begins: it may be a whole statement. */
  | 'statement'
  /** Anywhere else. */
  | 'code';

export interface PlacedHole {
  readonly hole: Hole;
  readonly place: HolePlace;
  /** The character before it, for what may be spliced there. */
  readonly before: string;
}

/** The name that stands for an unknown piece; numbered, so that messages can put the code back. */
export const HOLE_NAME = 'hole_';
const HOLE_PATTERN = /\bhole_(\d+)\b/g;

/** Puts the code of each unknown piece back where its placeholder stands. */
export function withExpressions(sql: string, holes: readonly PlacedHole[]): string {
  return sql.replace(HOLE_PATTERN, (name, index: string) => {
    const placed = holes[Number(index)];
    return placed ? `\${${placed.hole.expression}}` : name;
  });
}

/** Same for every content of the holes: what a fingerprint is made of. */
export function withoutHoleNames(sql: string): string {
  return sql.replace(HOLE_PATTERN, '${}');
}

interface LexState {
  mode: 'code' | 'string' | 'escape-string' | 'name' | 'line-comment' | 'block-comment';
  /** Tag of the dollar quote around the code: a body is code of its own. */
  dollar: string | undefined;
  depth: number;
  /** Last characters of code that are not blank. */
  last: string;
}

/** Finds out for each hole of a text where it stands. */
export function placeHoles(value: TextValue): readonly PlacedHole[] {
  if (value.parts.every(isChunk)) return [];
  const state: LexState = { mode: 'code', dollar: undefined, depth: 0, last: '' };
  const placed: PlacedHole[] = [];
  let before = '';
  for (const part of value.parts) {
    if (isChunk(part)) {
      lex(part.text, state);
      before = part.text.at(-1) ?? before;
      continue;
    }
    placed.push({ hole: part, place: placeOf(state), before });
    state.last = 'x';
    before = 'x';
  }
  return placed;
}

function placeOf(state: LexState): HolePlace {
  switch (state.mode) {
    case 'string':
    case 'escape-string':
      return 'string';
    case 'name':
      return 'name';
    case 'line-comment':
    case 'block-comment':
      return 'comment';
    case 'code':
      return state.last === '' || /(?:;|\b(?:begin|then|else|loop))$/i.test(state.last)
        ? 'statement'
        : 'code';
  }
}

const LAST_LENGTH = 8;

function lex(text: string, state: LexState): void {
  let at = 0;
  while (at < text.length) {
    const char = text[at] ?? '';
    const next = text[at + 1] ?? '';
    switch (state.mode) {
      case 'code':
        at += lexCode(text, at, char, next, state);
        break;
      case 'string':
      case 'escape-string':
        if (char === '\\' && state.mode === 'escape-string') at += 2;
        else if (char === "'" && next === "'") at += 2;
        else {
          if (char === "'") state.mode = 'code';
          at++;
        }
        break;
      case 'name':
        if (char === '"') state.mode = 'code';
        at++;
        break;
      case 'line-comment':
        if (char === '\n') state.mode = 'code';
        at++;
        break;
      case 'block-comment':
        if (char === '*' && next === '/') {
          if (--state.depth === 0) state.mode = 'code';
          at += 2;
        } else if (char === '/' && next === '*') {
          state.depth++;
          at += 2;
        } else at++;
    }
  }
}

function lexCode(text: string, at: number, char: string, next: string, state: LexState): number {
  if (char === '-' && next === '-') {
    state.mode = 'line-comment';
    return 2;
  }
  if (char === '/' && next === '*') {
    state.mode = 'block-comment';
    state.depth = 1;
    return 2;
  }
  if (char === "'") state.mode = /\be$/i.test(state.last) ? 'escape-string' : 'string';
  if (char === '"') state.mode = 'name';
  if (char === '$') {
    const tag = /^\$(?:[A-Za-z_]\w*)?\$/.exec(text.slice(at, at + 64))?.[0];
    if (tag && (state.dollar === undefined || state.dollar === tag)) {
      state.dollar = state.dollar === undefined ? tag : undefined;
      state.last = state.dollar === undefined ? '$' : '';
      return tag.length;
    }
  }
  if (/\s/.test(char)) {
    if (!state.last.endsWith(' ') && state.last !== '' && /\w$/.test(state.last))
      state.last = `${state.last}\0`.slice(-LAST_LENGTH);
  } else {
    state.last = `${state.last.replace(/\0$/, /\w/.test(char) ? ' ' : '')}${char}`.slice(-LAST_LENGTH);
  }
  return 1;
}

/** What is spliced in for a hole of code, most likely reading first. */
export const CANDIDATES = [
  (index: number) => `${HOLE_NAME}${String(index)}`,
  () => '',
  () => '(1)',
  (index: number) => `${HOLE_NAME}${String(index)} = 1`,
  () => "'x'",
  () => '1',
  (index: number) => `${HOLE_NAME}${String(index)} text`,
  () => 'SELECT 1',
] as const satisfies readonly ((index: number) => string)[];

/** The candidate that stands for a whole query: its content is then not known. */
export const QUERY_CANDIDATE = CANDIDATES.length - 1;

export interface RenderedSql {
  readonly sql: string;
  /** Where an offset of `sql` stands in the code, when it stands there as it is. */
  siteAt(offset: number): { readonly site: Site; readonly offset: number } | undefined;
}

/** The text with its holes filled; `choices` says for each hole which candidate it gets. */
export function render(
  value: TextValue,
  holes: readonly PlacedHole[],
  choices: readonly number[],
): RenderedSql & { readonly holeOffsets: readonly number[] } {
  let sql = '';
  let index = 0;
  const segments: { readonly start: number; readonly end: number; readonly site: Site }[] = [];
  const holeOffsets: number[] = [];
  for (const part of value.parts) {
    if (isChunk(part)) {
      if (part.site)
        segments.push({ start: sql.length, end: sql.length + part.text.length, site: part.site });
      sql += part.text;
      continue;
    }
    holeOffsets.push(sql.length);
    sql += filling(holes[index], index, choices[index] ?? 0);
    index++;
  }
  return {
    sql,
    holeOffsets,
    siteAt: (offset) => {
      const segment =
        segments.find((item) => offset >= item.start && offset <= item.end) ??
        segments.find((item) => item.start >= offset) ??
        segments.at(-1);
      if (!segment) return undefined;
      const { site } = segment;
      return { site, offset: Math.min(site.start + Math.max(0, offset - segment.start), site.end) };
    },
  };
}

function filling(placed: PlacedHole | undefined, index: number, choice: number): string {
  switch (placed?.place) {
    case 'string':
    case 'comment':
      return 'x';
    case 'name':
      return `${HOLE_NAME}${String(index)}`;
    default:
      // `$${index}` is a parameter, `1${x}` a number.
      if (placed && /[$\d]/.test(placed.before)) return '1';
      return CANDIDATES[choice]?.(index) ?? '';
  }
}
