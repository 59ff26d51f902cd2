import {
  temporaryAfterCommit,
  type Classification,
  type DataFinding,
  type Statement,
} from 'nestjs-backfill-sql';
import type { SqlEvent } from '../evaluate/machine/event.types.js';
import type { DataRule } from '../rules/rule.types.js';
import type { Finding } from './finding.types.js';
import { fingerprintOf } from './fingerprint.js';
import type { JudgeState, SentSql } from './judge.types.js';
import { judgeUnknown } from './judge-unknown.js';
import { judgeUnparsed } from './judge-unparsed.js';
import { cteNames } from './reading/cte-names.js';
import { withExpressions, withoutHoleNames } from './reading/holes.js';
import { readSql } from './reading/sql-reading.js';
import { regionInMigration, regionsOfSql } from './regions.js';
import { severityOfSql } from './severity/sql.severity.js';
import { fullName } from './table-name.js';
import { undecided } from './undecided.js';
import { operationSentence } from './wording.js';

/** TypeORM's table of view and generated column definitions. Its generated migrations write to it. */
const TYPEORM_METADATA = 'typeorm_metadata';

/** `CREATE TABLE a AS SELECT * FROM b WHERE false` only copies the columns. */
const COPIES_NO_ROWS = /(?:\bwhere (?:false|1 ?= ?0|0 ?= ?1|1 ?= ?2)|\blimit 0)\s*;?$/;

/** Findings of one SQL text that the migration sends. */
export function judgeSql(event: SqlEvent, state: JudgeState): readonly Finding[] {
  if (event.text.kind === 'unknown') return [unknownText(event, state, event.text.expression)];
  const { routines, temporary } = state;
  const reading = readSql(state.classifier, event.text, { routines, temporary: temporary.names });
  temporary.names = temporaryAfter(reading.classification, temporary);
  const sent = { event, reading, state };
  if (reading.unparsed) return judgeUnparsed(sent);
  const findings = reading.classification.statements.flatMap((statement) => judgeStatement(sent, statement));
  const isDecided = findings.some(({ rule }) => rule !== 'cannot-decide');
  if (reading.openPiece !== undefined && !isDecided)
    findings.push(unknownText(event, state, reading.openPiece));
  findings.push(...(state.locks?.ofSql(sent) ?? []));
  return findings;
}

/** Without a transaction around the migration, each text commits by itself. */
function temporaryAfter(
  { statements, temporary }: Classification,
  { endsWithText }: JudgeState['temporary'],
): ReadonlySet<string> {
  const hasBegun = statements.some(({ transaction }) => transaction === 'begin');
  return endsWithText && !hasBegun ? temporaryAfterCommit(temporary) : temporary;
}

function unknownText(event: SqlEvent, state: JudgeState, expression: string): Finding {
  return undecided(event, state, { stop: 'sql', code: expression, detail: expression });
}

function judgeStatement(sent: SentSql, statement: Statement): Finding[] {
  const { event, state } = sent;
  const findings = statement.findings
    .filter((finding) => !COPIES_NO_ROWS.test(finding.normalized) && finding.table?.name !== TYPEORM_METADATA)
    .map((finding) => toFinding(sent, statement, finding));
  for (const unknown of statement.unknowns) {
    const found = judgeUnknown(sent, statement, unknown);
    if (found) findings.push(found);
  }
  if (statement.effect === 'unknown' && findings.length === 0 && statement.unknowns.length === 0) {
    const detail = `the guard does not know statements of the kind ${statement.node}`;
    findings.push(undecided(event, state, { stop: 'unparsed', code: statement.text, detail }));
  }
  state.routines.push(...statement.creates);
  state.memory.note(statement.text);
  return findings;
}

function toFinding(sent: SentSql, { text }: Statement, finding: DataFinding): Finding {
  const { event, reading, state } = sent;
  const rule = ruleOf(event, finding);
  const judgement = severityOfSql(finding, {
    loops: event.loops,
    memory: state.memory,
    tables: state.tables,
    ctes: cteNames(text),
    whole: text,
    hasRowList: reading.holes.some(({ isRowList }) => isRowList),
  });
  const table = finding.table && withExpressions(fullName(finding.table), reading.holes);
  const loop = event.loops.at(-1);
  return {
    rule,
    ...judgement,
    direction: state.direction,
    message: operationSentence(finding.operation, table, {
      via: finding.via,
      loop: event.loops.includes('rows') || finding.inLoop ? 'rows' : loop,
      helper: event.helper,
      inCte: finding.inCte,
    }),
    ...(table === undefined ? {} : { table }),
    statement: withExpressions(finding.text, reading.holes),
    fingerprint: fingerprintOf(`${rule}\0${withoutHoleNames(finding.normalized)}`),
    ...regionsOfSql(sent, { offset: finding.position.offset, length: finding.text.length }),
    line: regionInMigration(event, state.file).line,
    ...(loop ? { loop } : {}),
    sql: finding,
  };
}

function ruleOf(event: SqlEvent, finding: DataFinding): DataRule {
  if (event.helper !== undefined) return 'helper-dml';
  return event.loops.includes('rows') ? 'row-loop' : finding.rule;
}
