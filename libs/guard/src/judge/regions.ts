import type { Site } from '../evaluate/values/value.types.js';
import type { SourceText } from '../source/source-text.js';
import type { Finding, Region } from './finding.types.js';
import type { SentSql } from './judge.types.js';

/** The place of an event: its code, and the calls that lead to it, outermost first. */
export interface EventPlace {
  readonly site: Site;
  readonly frames: readonly Site[];
}

export function regionOf(source: SourceText, start: number, end: number): Region {
  const from = source.positionAt(start);
  const to = source.positionAt(Math.max(start, end));
  return {
    file: source.path,
    start,
    end: Math.max(start, end),
    line: from.line,
    column: from.column,
    endLine: to.line,
    endColumn: to.column,
  };
}

export function regionOfSite(site: Site): Region {
  return regionOf(site.source, site.start, site.end);
}

/** The innermost call in the migration's own file that leads to the event. */
export function regionInMigration({ site, frames }: EventPlace, file: string): Region {
  return regionOfSite([...frames, site].findLast(({ source }) => source.path === file) ?? site);
}

/** The region of an event in the migration, and its line for suppressing comments. */
export function placeInMigration(event: EventPlace, file: string): Pick<Finding, 'region' | 'line'> {
  const region = regionInMigration(event, file);
  return { region, line: region.line };
}

/**
 * The region of a piece of SQL if it is in the migration. Else the region of the call that leads to it, and
 * the region of the SQL as `elsewhere`.
 */
export function regionsOfSql(
  { event, reading, state: { file } }: SentSql,
  { offset, length }: { readonly offset: number; readonly length: number },
): Pick<Finding, 'region' | 'elsewhere'> {
  const start = reading.rendered.siteAt(offset);
  const call = regionInMigration(event, file);
  if (!start)
    return event.site.source.path === file
      ? { region: call }
      : { region: call, elsewhere: regionOfSite(event.site) };
  const end = reading.rendered.siteAt(offset + length);
  const isInSameText = end?.site.source === start.site.source && end.offset >= start.offset;
  const region = regionOf(start.site.source, start.offset, isInSameText ? end.offset : start.site.end);
  return start.site.source.path === file ? { region } : { region: call, elsewhere: region };
}
