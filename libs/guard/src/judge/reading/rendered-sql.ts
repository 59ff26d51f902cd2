import { isChunk } from '../../evaluate/values/text-value.js';
import type { Site, TextValue } from '../../evaluate/values/value.types.js';
import { holeName, type PlacedHole } from './holes.js';

/** Texts that can fill a hole in code, the most likely one first. */
export const CANDIDATES = [
  holeName,
  () => '',
  () => '(1)',
  (index: number) => `${holeName(index)} = 1`,
  () => "'x'",
  () => '1',
  (index: number) => `${holeName(index)} text`,
  () => 'SELECT 1',
] as const satisfies readonly ((index: number) => string)[];

/** The candidate that is a whole query: if only this one fits, the content of the hole is unknown. */
export const QUERY_CANDIDATE = CANDIDATES.length - 1;

export interface RenderedSql {
  readonly sql: string;
  /** The offset of each hole in `sql`. */
  readonly holeOffsets: readonly number[];
  /** The place in the code of an offset of `sql`; undefined when no part of the text is in the code. */
  siteAt(offset: number): { readonly site: Site; readonly offset: number } | undefined;
}

interface Segment {
  readonly start: number;
  readonly end: number;
  readonly site: Site;
}

/** The text with its holes filled. @param choices the index of the candidate for each hole */
export function render(
  value: TextValue,
  holes: readonly PlacedHole[],
  choices: readonly number[],
): RenderedSql {
  let sql = '';
  let index = 0;
  const segments: Segment[] = [];
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
  return { sql, holeOffsets, siteAt: (offset) => siteAt(segments, offset) };
}

function siteAt(segments: readonly Segment[], offset: number): ReturnType<RenderedSql['siteAt']> {
  const segment =
    segments.find(({ start, end }) => offset >= start && offset <= end) ??
    segments.find(({ start }) => start >= offset) ??
    segments.at(-1);
  if (!segment) return undefined;
  const { site } = segment;
  return { site, offset: Math.min(site.start + Math.max(0, offset - segment.start), site.end) };
}

function filling(placed: PlacedHole | undefined, index: number, choice: number): string {
  switch (placed?.place) {
    case 'string':
    case 'comment':
      return 'x';
    case 'name':
      return holeName(index);
    default:
      // After `$` it is the number of a parameter, after a digit the rest of a number.
      if (placed && /[$\d]/.test(placed.before)) return '1';
      return CANDIDATES[choice]?.(index) ?? '';
  }
}
