import { fingerprintOf } from '../judge/fingerprint.js';
import type { Finding } from '../judge/finding.types.js';
import { regionOf } from '../judge/regions.js';
import type { MigrationCandidate } from '../evaluate/migrations/migration-classes.js';
import type { ParsedModule } from '../source/parsed-module.js';

const ANNOUNCES =
  /(?<!nestjs-)\bback-?fill(?:s|ed|ing)?\b|\bdata[ -]migration\b|\b(?:migrate|populate|update|convert|copy)\s+(?:all\s+|the\s+)?existing\b/i;
const DENIES =
  /\b(?:no|not|never|without|nothing to|instead of|by (?:the|a) backfill|backfills? (?:is|are) (?:proved|complete)|avoid\w*|n't|separate|later|elsewhere|see)\b/i;

/** What is said of a migration as a whole; it changes no verdict. */
export function notesOf(module: ParsedModule, migration: MigrationCandidate): readonly Finding[] {
  return [...notGuarded(module, migration), ...announced(module, migration)];
}

function notGuarded(module: ParsedModule, migration: MigrationCandidate): readonly Finding[] {
  if (migration.isSchemaMigration) return [];
  const head = module.source.text.slice(migration.start, migration.end).indexOf('{');
  return [
    {
      rule: 'not-schema-migration',
      severity: 'LOW',
      reason: 'nothing refuses a data query when it runs',
      message: `${migration.name} does not extend SchemaMigration`,
      statement: migration.name,
      fingerprint: fingerprintOf(`not-schema-migration\0${migration.name}`),
      region: regionOf(module.source, migration.start, migration.start + Math.max(0, head)),
      line: module.source.positionAt(migration.start).line,
    },
  ];
}

function announced(module: ParsedModule, migration: MigrationCandidate): readonly Finding[] {
  const inside = module.comments.filter(
    ({ start, end }) => migration.end === 0 || (end <= migration.end && start >= migration.start - 400),
  );
  const comment = inside.find(
    ({ value }) => ANNOUNCES.test(value) && !DENIES.test(value) && !value.includes('nestjs-backfill-ignore'),
  );
  if (!comment) return [];
  const text = comment.value.replace(/\s+/g, ' ').trim();
  return [
    {
      rule: 'backfill-comment',
      severity: 'LOW',
      reason: 'a comment is no violation, but it tells what was meant',
      message: 'a comment announces a backfill',
      statement: text,
      fingerprint: fingerprintOf(`backfill-comment\0${text}`),
      region: regionOf(module.source, comment.start, comment.end),
      line: module.source.positionAt(comment.start).line,
    },
  ];
}
