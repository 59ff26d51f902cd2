import type { SqlEvent } from '../evaluate/machine/event.types.js';
import type { Finding } from './finding.types.js';
import { fingerprintOf } from './fingerprint.js';
import type { SentSql } from './judge.types.js';
import { withExpressions, withoutHoleNames } from './reading/holes.js';
import { placeInMigration } from './regions.js';
import { undecided } from './undecided.js';
import { operationSentence } from './wording.js';

const LEADING_VERB = /^(?:\s|--[^\n]*\n|\/\*[^]*?\*\/)*(update|insert|delete|merge|truncate)\b/i;

/** The name of the table behind the verb. */
const TABLE =
  /^(?:\s+(?:into|from|only|table)\b)*\s+((?:"[^"]+"|[\w$]+)(?:\.(?:"[^"]+"|[\w$]+))?)(?=[\s(;]|$)/i;

type DmlVerb = 'update' | 'insert' | 'delete' | 'merge' | 'truncate';

/** Findings of SQL that PostgreSQL's parser rejects: its first word still shows whether it changes rows. */
export function judgeUnparsed({ event, reading, state }: SentSql): readonly Finding[] {
  if (event.guessed) return [];
  const { sql } = reading.rendered;
  const { holes } = reading;
  const statement = withExpressions(sql.trim(), holes);
  const [start = '', word] = LEADING_VERB.exec(sql) ?? [];
  const verb = word?.toLowerCase() as DmlVerb | undefined;
  const error = reading.classification.failure?.message ?? 'it is not SQL';
  const detail = `PostgreSQL's parser rejects the SQL: ${error}`;
  if (verb === undefined) return [undecided(event, state, { stop: 'unparsed', code: statement, detail })];
  const name = TABLE.exec(sql.slice(start.length))?.[1]?.replaceAll('"', '');
  const table = name && withExpressions(name, holes);
  const rule = ruleOf(event, verb);
  return [
    {
      rule,
      severity: rule === 'row-loop' ? 'HIGH' : 'MEDIUM',
      reason: holes.length > 0 ? 'its text is built at run time' : detail,
      direction: state.direction,
      message: operationSentence(verb, table, { via: [], loop: event.loops.at(-1) }),
      statement,
      fingerprint: fingerprintOf(`${rule}\0${withoutHoleNames(sql.replace(/\s+/g, ' ').trim())}`),
      ...placeInMigration(event, state.file),
    },
  ];
}

function ruleOf({ loops }: SqlEvent, verb: DmlVerb): DmlVerb | 'row-loop' {
  return loops.includes('rows') ? 'row-loop' : verb;
}
