import type { Site } from '../evaluate/values/value.types.js';
import type { SourceText } from '../source/source-text.js';
import type { Region } from './finding.types.js';

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

/** The innermost place of a chain of calls that stands in the migration itself. */
export function siteInMigration(sites: readonly Site[], migration: string): Site | undefined {
  return sites.findLast((site) => site.source.path === migration);
}
