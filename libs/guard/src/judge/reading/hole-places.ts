import { isChunk } from '../../evaluate/values/text-value.js';
import type { TextValue } from '../../evaluate/values/value.types.js';
import type { HolePlace, PlacedHole } from './holes.js';

type LexMode = 'code' | 'string' | 'escape-string' | 'name' | 'line-comment' | 'block-comment';

interface LexState {
  mode: LexMode;
  /** The tag of the dollar quote around the code. Its body is code too. */
  dollarTag: string | undefined;
  /** How deep block comments are nested. */
  commentDepth: number;
  /** The last characters of code, without blanks except the ones between words. */
  lastCode: string;
}

const LAST_CODE_LENGTH = 8;
/** A blank after a word: it becomes a space if another word follows. */
const PENDING_BLANK = '\0';
const MAX_DOLLAR_TAG_LENGTH = 64;

/** Finds the place of each hole of a text. */
export function placeHoles(value: TextValue): readonly PlacedHole[] {
  if (value.parts.every(isChunk)) return [];
  const state: LexState = { mode: 'code', dollarTag: undefined, commentDepth: 0, lastCode: '' };
  const placed: PlacedHole[] = [];
  let before = '';
  for (const part of value.parts) {
    if (isChunk(part)) {
      scan(part.text, state);
      before = part.text.at(-1) ?? before;
      continue;
    }
    const place = placeOf(state);
    const isRowList = place === 'code' && /\bvalues\0?$/i.test(state.lastCode);
    placed.push({ hole: part, place, before, isRowList });
    state.lastCode = 'x';
    before = 'x';
  }
  return placed;
}

const PLACE_BY_MODE = {
  string: 'string',
  'escape-string': 'string',
  name: 'name',
  'line-comment': 'comment',
  'block-comment': 'comment',
} as const satisfies Record<Exclude<LexMode, 'code'>, HolePlace>;

function placeOf({ mode, lastCode }: LexState): HolePlace {
  if (mode !== 'code') return PLACE_BY_MODE[mode];
  return lastCode === '' || /(?:;|\b(?:begin|then|else|loop))$/i.test(lastCode) ? 'statement' : 'code';
}

/** Reads the token at an offset, and returns its length. */
type Scanner = (text: string, at: number, state: LexState) => number;

const SCANNERS = {
  code: (text, at, state) =>
    scanCommentStart(text, at, state) ?? scanDollarQuote(text, at, state) ?? scanCharacter(text, at, state),
  string: scanString,
  'escape-string': (text, at, state) => (text[at] === '\\' ? 2 : scanString(text, at, state)),
  name: (text, at, state) => scanUntil('"', text[at], state),
  'line-comment': (text, at, state) => scanUntil('\n', text[at], state),
  'block-comment': scanBlockComment,
} as const satisfies Record<LexMode, Scanner>;

function scan(text: string, state: LexState): void {
  for (let at = 0; at < text.length;) at += SCANNERS[state.mode](text, at, state);
}

function scanCommentStart(text: string, at: number, state: LexState): number | undefined {
  if (text.startsWith('--', at)) {
    state.mode = 'line-comment';
    return 2;
  }
  if (!text.startsWith('/*', at)) return undefined;
  state.mode = 'block-comment';
  state.commentDepth = 1;
  return 2;
}

function scanDollarQuote(text: string, at: number, state: LexState): number | undefined {
  if (text[at] !== '$') return undefined;
  const tag = /^\$(?:[A-Za-z_]\w*)?\$/.exec(text.slice(at, at + MAX_DOLLAR_TAG_LENGTH))?.[0];
  if (tag === undefined || (state.dollarTag !== undefined && state.dollarTag !== tag)) return undefined;
  const isStart = state.dollarTag === undefined;
  state.dollarTag = isStart ? tag : undefined;
  state.lastCode = isStart ? '' : '$';
  return tag.length;
}

function scanCharacter(text: string, at: number, state: LexState): number {
  const char = text[at] ?? '';
  if (char === "'") state.mode = /\be$/i.test(state.lastCode) ? 'escape-string' : 'string';
  if (char === '"') state.mode = 'name';
  if (!/\s/.test(char)) {
    const last = state.lastCode.replace(/\0$/, /\w/.test(char) ? ' ' : '');
    state.lastCode = `${last}${char}`.slice(-LAST_CODE_LENGTH);
  } else if (/\w$/.test(state.lastCode)) {
    state.lastCode = `${state.lastCode}${PENDING_BLANK}`.slice(-LAST_CODE_LENGTH);
  }
  return 1;
}

function scanString(text: string, at: number, state: LexState): number {
  if (text.startsWith("''", at)) return 2;
  return scanUntil("'", text[at], state);
}

function scanUntil(end: string, char: string | undefined, state: LexState): number {
  if (char === end) state.mode = 'code';
  return 1;
}

function scanBlockComment(text: string, at: number, state: LexState): number {
  if (text.startsWith('*/', at)) {
    if (--state.commentDepth === 0) state.mode = 'code';
    return 2;
  }
  if (!text.startsWith('/*', at)) return 1;
  state.commentDepth++;
  return 2;
}
