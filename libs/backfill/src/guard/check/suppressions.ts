import type { ParsedModule } from '../source/parsed-module.js';
import { SourceText } from '../source/source-text.js';
import type { Suppression } from './check.types.js';

const PATTERN = /nestjs-backfill-ignore\s+([\w*-]+)(?:\s*:\s*(.*?))?\s*(?:\*\/)?\s*$/m;

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

/** The line that the comment is about: its own when code stands before it, else the next that is not blank. */
function codeLine(source: SourceText, start: number, end: number): number {
  const { line, column } = source.positionAt(start);
  const before = source.text.slice(start - column + 1, start);
  if (before.trim() !== '') return line;
  const next = /\S/.exec(source.text.slice(end));
  return next ? source.positionAt(end + next.index).line : line;
}
