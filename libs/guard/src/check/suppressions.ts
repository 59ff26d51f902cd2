import type { ParsedModule } from '../source/parsed-module.js';
import { SourceText } from '../source/source-text.js';
import type { Suppression } from './check.types.js';

/** Whatever stands between the word and the colon is taken for the rule, so that a wrong one is told of rather than overlooked. */
const PATTERN = /nestjs-backfill-ignore\b[ \t]*([^:\n]*?)(?:[ \t]*:[ \t]*(.*?))?\s*(?:\*\/)?\s*$/m;

/** Comments in code that suppress a rule on their own line or on the next line of code. */
export function codeSuppressions(module: ParsedModule): readonly Suppression[] {
  return module.comments.flatMap((comment) =>
    fromComment(comment.value, comment.start, comment.end, module.source),
  );
}

/** The same in SQL, where a comment starts with `--`. */
export function sqlSuppressions(source: SourceText): readonly Suppression[] {
  return [...source.text.matchAll(/--[^\n]*/g)].flatMap((match) =>
    fromComment(match[0], match.index, match.index + match[0].length, source),
  );
}

function fromComment(text: string, start: number, end: number, source: SourceText): readonly Suppression[] {
  const match = PATTERN.exec(text);
  if (!match) return [];
  return [
    {
      file: source.path,
      line: source.positionAt(start).line,
      codeLine: codeLine(source, start, end),
      rule: match[1] ?? '',
      reason: (match[2] ?? '').trim(),
    },
  ];
}

const AHEAD = /(?:\s|(?:\/\/|--)[^\n]*(?:\n|$))*/y;

/** The line that the comment is about: its own when code stands before it, else the next that is neither blank nor another comment. */
function codeLine(source: SourceText, start: number, end: number): number {
  const { line, column } = source.positionAt(start);
  const before = source.text.slice(start - column + 1, start);
  if (before.trim() !== '') return line;
  AHEAD.lastIndex = end;
  const next = end + (AHEAD.exec(source.text)?.[0].length ?? 0);
  return next < source.text.length ? source.positionAt(next).line : line;
}
