import { isExtensionFunction, type Statement, type Unknown } from 'nestjs-backfill-sql';
import type { Finding } from './finding.types.js';
import { fingerprintOf } from './fingerprint.js';
import type { SentSql } from './judge.types.js';
import { withExpressions, withoutHoleNames } from './reading/holes.js';
import { placeInMigration, regionsOfSql } from './regions.js';
import { undecided, type Stop } from './undecided.js';

/** The finding for something that the text of a statement does not decide; nothing if it cannot change rows. */
export function judgeUnknown(sent: SentSql, statement: Statement, unknown: Unknown): Finding | undefined {
  const finding = JUDGES[unknown.kind](sent, statement, unknown);
  if (!finding) return undefined;
  const { offset } = unknown.position;
  return { ...finding, ...regionsOfSql(sent, { offset, length: unknown.text.length }) };
}

type UnknownJudge = (sent: SentSql, statement: Statement, unknown: Unknown) => Finding | undefined;

const JUDGES = {
  'unresolved-call': unresolvedCall,
  'dynamic-sql': dynamicSql,
  'unparsed-body': unparsedBody,
  'wrapped-call': undecidedCall,
  'foreign-language': undecidedCall,
  'remote-sql': undecidedCall,
  'unknown-prepared': undecidedCall,
  'unknown-statement': undecidedCall,
} as const satisfies Record<Unknown['kind'], UnknownJudge>;

/** Statements that run the functions in them. A DEFAULT or an index only runs them for its own rows. */
const RUNS_ROUTINES = new Set(['SelectStmt', 'CallStmt', 'DoStmt', 'ExecuteStmt', 'ExplainStmt']);

function unresolvedCall(sent: SentSql, { node }: Statement, unknown: Unknown): Finding | undefined {
  if (!RUNS_ROUTINES.has(node) || (unknown.call && isExtensionFunction(unknown.call.name))) return undefined;
  const name = unknown.call?.name ?? shown(sent, unknown);
  return stopped(sent, unknown, 'call', `the definition of ${name}() is not in the checked migrations`);
}

function unparsedBody(sent: SentSql, _statement: Statement, unknown: Unknown): Finding {
  return stopped(sent, unknown, 'unparsed', `the guard cannot read the body: ${unknown.detail}`);
}

function undecidedCall(sent: SentSql, _statement: Statement, unknown: Unknown): Finding {
  return stopped(sent, unknown, 'call');
}

function dynamicSql(sent: SentSql, _statement: Statement, unknown: Unknown): Finding | undefined {
  switch (unknown.likely) {
    case 'data':
      return dynamicData(sent, unknown);
    case undefined:
    case 'unknown':
      return stopped(sent, unknown, 'dynamic', shown(sent, unknown));
    default:
      return undefined;
  }
}

/** EXECUTE of a string whose constant part is DML. */
function dynamicData(sent: SentSql, unknown: Unknown): Finding {
  const { event, state } = sent;
  return {
    rule: dynamicDataRule(sent, unknown),
    severity: 'HIGH',
    reason: 'its text is built at run time',
    direction: state.direction,
    message: 'EXECUTE runs a string that changes rows',
    statement: shown(sent, unknown),
    fingerprint: fingerprintOf(`dynamic\0${withoutHoleNames(state.classifier.normalize(unknown.text))}`),
    ...placeInMigration(event, state.file),
  };
}

function dynamicDataRule({ event }: SentSql, { via }: Unknown): Finding['rule'] {
  if (event.loops.includes('rows')) return 'row-loop';
  return via.some((step) => /function|procedure/.test(step)) ? 'function-call-dml' : 'do-block-dml';
}

function stopped(sent: SentSql, unknown: Unknown, stop: Stop['stop'], detail = unknown.detail): Finding {
  return undecided(sent.event, sent.state, { stop, code: shown(sent, unknown), detail });
}

function shown({ reading }: SentSql, { text }: Unknown): string {
  return withExpressions(text, reading.holes);
}
