import type { SqlEvent } from '../evaluate/machine/event.types.js';
import type { Finding } from './finding.types.js';
import { fingerprintOf } from './fingerprint.js';
import type { SentSql } from './judge.types.js';
import { withExpressions, withoutHoleNames } from './reading/holes.js';
import { placeInMigration } from './regions.js';
import { undecided } from './undecided.js';
import { operationSentence } from './wording.js';

const LEADING_VERB = /^(?:\s|--[^\n]*\n|\/\*[^]*?\*\/)*(update|insert|delete|merge|truncate)\b/i;

type DmlVerb = 'update' | 'insert' | 'delete' | 'merge' | 'truncate';

/** Findings of SQL that PostgreSQL's parser rejects: its first word still shows whether it changes rows. */
export function judgeUnparsed({ event, reading, state }: SentSql): readonly Finding[] {
  if (event.guessed) return [];
  const { sql } = reading.rendered;
  const statement = withExpressions(sql.trim(), reading.holes);
  const verb = LEADING_VERB.exec(sql)?.[1]?.toLowerCase() as DmlVerb | undefined;
  if (verb === undefined) {
    const error = reading.classification.failure?.message ?? 'it is not SQL';
    const detail = `PostgreSQL's parser rejects the SQL: ${error}`;
    return [undecided(event, state, { stop: 'unparsed', code: statement, detail })];
  }
  const rule = ruleOf(event, verb);
  return [
    {
      rule,
      severity: rule === 'row-loop' ? 'HIGH' : 'MEDIUM',
      reason: 'its text is built at run time',
      direction: state.direction,
      message: operationSentence(verb, undefined, { via: [], loop: event.loops.at(-1) }),
      statement,
      fingerprint: fingerprintOf(`${rule}\0${withoutHoleNames(sql.replace(/\s+/g, ' ').trim())}`),
      ...placeInMigration(event, state.file),
    },
  ];
}

function ruleOf({ loops }: SqlEvent, verb: DmlVerb): DmlVerb | 'row-loop' {
  return loops.includes('rows') ? 'row-loop' : verb;
}
