import { basename } from 'node:path';
import type { Finding } from '../judge/finding.types.js';
import { undecided } from '../judge/undecided.js';
import type { ParsedModule } from '../source/parsed-module.js';
import type { SourceText } from '../source/source-text.js';
import type { MigrationReport } from './check.types.js';
import { codeSuppressions } from './suppressions.js';

/** A file that is named like a migration and has none. */
export function withoutMigration(file: string, module: ParsedModule): MigrationReport {
  const detail =
    'the file is named like a migration, but it contains no migration class that the guard can find';
  const findings = [moduleFinding(module.source, 0, detail)];
  return {
    file,
    name: basename(file),
    directions: [{ direction: 'up', verdict: 'cannot-decide', findings }],
    notes: [],
    suppressions: codeSuppressions(module),
  };
}

/** What the guard cannot decide about a whole module or class. */
export function moduleFinding(source: SourceText, offset: number, detail: string): Finding {
  const place = { site: { source, start: offset, end: offset }, frames: [] };
  return undecided(place, { direction: 'up', file: source.path }, { stop: 'module', code: '', detail });
}
