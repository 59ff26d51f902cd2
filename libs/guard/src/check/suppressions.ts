import type { ParsedModule } from '../source/parsed-module.js';
import { SourceText } from '../source/source-text.js';
import type { Suppression } from './check.types.js';

/** All text before the colon counts as the rule, so that the guard reports a wrong rule. */
const SUPPRESSION = /nestjs-backfill-ignore\b[ \t]*([^:\n]*?)(?:[ \t]*:[ \t]*(.*?))?\s*(?:\*\/)?\s*$/m;

/** Comments in code that suppress a rule on their own line or on the next line of code. */
export function codeSuppressions(module: ParsedModule): readonly Suppression[] {
  return module.comments.flatMap((comment) => fromComment(module.source, comment.value, comment));
}

/** Comments in SQL that suppress a rule; they start with `--`. */
export function sqlSuppressions(source: SourceText): readonly Suppression[] {
  return [...source.text.matchAll(/--[^\n]*/g)].flatMap((match) =>
    fromComment(source, match[0], { start: match.index, end: match.index + match[0].length }),
  );
}

interface Range {
  readonly start: number;
  readonly end: number;
}

function fromComment(source: SourceText, text: string, range: Range): readonly Suppression[] {
  const match = SUPPRESSION.exec(text);
  if (!match) return [];
  return [
    {
      file: source.path,
      line: source.positionAt(range.start).line,
      codeLine: codeLine(source, range),
      rule: match[1] ?? '',
      reason: (match[2] ?? '').trim(),
    },
  ];
}

/** Blanks and comments. */
const NO_CODE = /(?:\s|(?:\/\/|--)[^\n]*(?:\n|$))*/y;

/** The comment's own line if code is before it, else the next line of code. */
function codeLine(source: SourceText, { start, end }: Range): number {
  const { line, column } = source.positionAt(start);
  const before = source.text.slice(start - column + 1, start);
  if (before.trim() !== '') return line;
  NO_CODE.lastIndex = end;
  const next = end + (NO_CODE.exec(source.text)?.[0].length ?? 0);
  return next < source.text.length ? source.positionAt(next).line : line;
}
