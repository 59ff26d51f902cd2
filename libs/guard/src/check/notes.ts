import { fingerprintOf } from '../judge/fingerprint.js';
import type { Finding } from '../judge/finding.types.js';
import { regionOf } from '../judge/regions.js';
import type { MigrationCandidate } from '../evaluate/migrations/migration-classes.js';
import type { ParsedModule } from '../source/parsed-module.js';

const ANNOUNCEMENT =
  /(?<!nestjs-)\bback-?fill(?:s|ed|ing)?\b|\bdata[ -]migration\b|\b(?:migrate|populate|update|convert|copy)\s+(?:all\s+|the\s+)?existing\b/i;
const NEGATION =
  /\b(?:no|not|never|without|nothing to|instead of|by (?:the|a) backfill|backfills? (?:is|are) (?:proved|complete)|avoid\w*|n't|separate|later|elsewhere|see)\b/i;

/** How far before its class a comment can be, in characters. */
const MAX_DISTANCE = 400;

/** Findings about the whole migration. They do not change its verdict. */
export function notesOf(migration: MigrationCandidate): readonly Finding[] {
  const { module } = migration;
  if (migration.target.kind === 'unread') return [];
  return [...withoutRuntimeGuard(module, migration), ...announcement(module, migration)];
}

function withoutRuntimeGuard(module: ParsedModule, migration: MigrationCandidate): readonly Finding[] {
  if (migration.isSchemaMigration) return [];
  const head = module.source.text.slice(migration.start, migration.end).indexOf('{');
  return [
    {
      rule: 'not-schema-migration',
      severity: 'LOW',
      reason: 'no guard refuses its data queries at run time',
      message: `${migration.name} does not extend SchemaMigration`,
      statement: migration.name,
      fingerprint: fingerprintOf(`not-schema-migration\0${migration.name}`),
      region: regionOf(module.source, migration.start, migration.start + Math.max(0, head)),
      line: module.source.positionAt(migration.start).line,
    },
  ];
}

function announcement(module: ParsedModule, migration: MigrationCandidate): readonly Finding[] {
  const inside = module.comments.filter(
    ({ start, end }) =>
      migration.end === 0 || (end <= migration.end && start >= migration.start - MAX_DISTANCE),
  );
  const comment = inside.find(
    ({ value }) =>
      ANNOUNCEMENT.test(value) && !NEGATION.test(value) && !value.includes('nestjs-backfill-ignore'),
  );
  if (!comment) return [];
  const text = comment.value.replace(/\s+/g, ' ').trim();
  return [
    {
      rule: 'backfill-comment',
      severity: 'LOW',
      reason: 'a comment is not a violation, but a data change can be near it',
      message: 'the comment announces a backfill',
      statement: text,
      fingerprint: fingerprintOf(`backfill-comment\0${text}`),
      region: regionOf(module.source, comment.start, comment.end),
      line: module.source.positionAt(comment.start).line,
    },
  ];
}
