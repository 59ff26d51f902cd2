import type { CodeUnit, SqlPiece } from '../code/code-units.js';
import type { ContractPart } from '../code/move.types.js';
import { template } from './backfill.writer.js';
import type { Backfill } from './generated.types.js';

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

export interface RemainderOptions {
  readonly units: readonly CodeUnit[];
  readonly backfills: readonly Backfill[];
  readonly contract: readonly ContractPart[];
  /** Declarations that only moved code used. */
  readonly unused: readonly CodeUnit[];
}

/** The edits of a migration: a comment with the backfill's name replaces each moved statement. */
export function remainderEdits(
  text: string,
  { units, backfills, contract, unused }: RemainderOptions,
): readonly Edit[] {
  return units.flatMap((unit, at) => {
    const moved = backfills.filter(({ move }) => move.place.unit === at);
    const part = contract.find((each) => each.at === at);
    if (moved.length === 0 && !part && !unused.includes(unit)) return [];
    const comment = moved.map(({ name }) => `// data: ${name}`).join('\n');
    const kept = keptPieces(unit, moved, part);
    if (kept.length === 0)
      return [
        comment === ''
          ? wholeLine(text, unit)
          : { start: unit.start, end: unit.end, text: `${comment}${lineBreak(text, unit)}` },
      ];
    const { literal } = unit;
    if (!literal) return [];
    const edits = [
      { start: literal.start, end: literal.end, text: template(kept.map((piece) => piece.text).join(';\n')) },
    ];
    const indent = /[ \t]*$/.exec(text.slice(0, unit.start))?.[0] ?? '';
    return comment === ''
      ? edits
      : [{ start: unit.start, end: unit.start, text: `${comment}\n${indent}` }, ...edits];
  });
}

function keptPieces(
  unit: CodeUnit,
  moved: readonly Backfill[],
  part: ContractPart | undefined,
): readonly SqlPiece[] {
  const gone = new Set(moved.map(({ move }) => move.place.piece));
  if (gone.has(undefined)) return [];
  return (unit.sql ?? []).filter(
    (piece, index) => !gone.has(index) && part?.pieces?.includes(piece) !== true,
  );
}

/** What ends the comment, if other code stands behind the unit on its line. */
function lineBreak(text: string, { start, end }: CodeUnit): string {
  const [rest = ''] = text.slice(end).split('\n', 1);
  if (/^;?\s*(?:$|\/\/)/.test(rest)) return '';
  const line = text.slice(text.lastIndexOf('\n', start - 1) + 1, start);
  return `\n${/^[ \t]*/.exec(line)?.[0] ?? ''}`;
}

/** Removes the unit with its line, if nothing else stands in it. */
export function wholeLine(text: string, { start, end }: CodeUnit): Edit {
  const lineStart = text.lastIndexOf('\n', start - 1) + 1;
  const lineEnd = text.indexOf('\n', end);
  const isAlone =
    lineEnd >= 0 && text.slice(lineStart, start).trim() === '' && /^;?\s*$/.test(text.slice(end, lineEnd));
  return isAlone ? { start: lineStart, end: lineEnd + 1, text: '' } : { start, end, text: '' };
}

export function applyEdits(text: string, edits: readonly Edit[]): string {
  return [...edits]
    .sort((a, b) => b.start - a.start || b.end - a.end)
    .reduce((before, edit) => `${before.slice(0, edit.start)}${edit.text}${before.slice(edit.end)}`, text);
}
