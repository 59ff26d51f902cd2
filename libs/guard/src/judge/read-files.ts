import { basename } from 'node:path';
import type { SqlEvent } from '../evaluate/machine/event.types.js';
import { isChunk } from '../evaluate/values/text-value.js';
import type { Finding } from './finding.types.js';

/** PostgreSQL's message names a word of the text. */
const PARSER_ERROR = /(?<=^PostgreSQL's parser rejects the SQL): [^]*/;

const MODULE = /\.[cm]?[jt]sx?$/;

/**
 * Replaces the text of a statement that the migration reads from a file: reports never print such content,
 * because a migration chooses which file it is.
 */
export function withoutFileContent(
  findings: readonly Finding[],
  { text }: SqlEvent,
  migration: string,
): readonly Finding[] {
  const file = text.kind === 'text' ? readFileIn(text, migration) : undefined;
  if (file === undefined) return findings;
  const statement = `(SQL of ${basename(file)})`;
  return findings.map((finding) =>
    finding.rule === 'cannot-decide'
      ? { ...finding, statement, message: `the guard cannot read all SQL of ${basename(file)}` }
      : { ...finding, statement, reason: finding.reason.replace(PARSER_ERROR, '') },
  );
}

function readFileIn(
  { parts }: Extract<SqlEvent['text'], { kind: 'text' }>,
  migration: string,
): string | undefined {
  return parts
    .map((part) => (isChunk(part) ? part.site?.source.path : undefined))
    .find((path) => path !== undefined && path !== migration && !MODULE.test(path));
}
