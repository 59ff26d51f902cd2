import type { DataFinding, Routine, Statement, Unknown } from 'nestjs-backfill-sql';
import type { SqlEvent } from '../evaluate/machine/event.types.js';
import type { Site } from '../evaluate/values/value.types.js';
import type { DataRule } from '../rules/rule.types.js';
import { isExtensionFunction } from './extension-functions.js';
import { fingerprintOf } from './fingerprint.js';
import type { Direction, Finding, Region } from './finding.types.js';
import { regionOf, regionOfSite, siteInMigration } from './regions.js';
import { SchemaMemory } from './schema-memory.js';
import { fullName, severityOfSql } from './severity.js';
import { type SqlClassifier, type SqlReading, readSql } from './sql-reading.js';
import { withExpressions, withoutHoleNames } from './sql-rendering.js';
import type { TableSizes } from './table-growth.js';
import { operationSentence, stopSentence } from '../rules/wording.js';

/** What judging the statements of one direction needs and builds up. */
export interface JudgeState {
  readonly classifier: SqlClassifier;
  readonly direction: Direction;
  /** The migration's own file. */
  readonly file: string;
  readonly memory: SchemaMemory;
  readonly sizes: TableSizes;
  /** Functions and procedures known so far; added to as statements create them. */
  readonly routines: Routine[];
}

/** Findings of one SQL text that is sent. */
export function judgeSql(event: SqlEvent, state: JudgeState): readonly Finding[] {
  if (event.text.kind === 'unknown')
    return [stopped(event, state, 'sql', event.text.expression, event.text.expression)];
  const reading = readSql(state.classifier, event.text, { routines: state.routines });
  if (reading.unparsed) return unparsed(event, reading, state);
  const findings = reading.classification.statements.flatMap((statement) =>
    judgeStatement(event, statement, reading, state),
  );
  const isCertain = findings.some(({ rule }) => rule !== 'cannot-decide');
  if (reading.openPiece !== undefined && !isCertain)
    findings.push(stopped(event, state, 'sql', reading.openPiece, reading.openPiece));
  return findings;
}

function judgeStatement(
  event: SqlEvent,
  statement: Statement,
  reading: SqlReading,
  state: JudgeState,
): Finding[] {
  const findings = statement.findings
    .filter((finding) => !COPIES_NOTHING.test(finding.normalized) && finding.table?.name !== BOOKKEEPING)
    .map((finding) => toFinding(event, finding, statement, reading, state));
  for (const unknown of statement.unknowns) {
    const found = judgeUnknown(event, statement, unknown, reading, state);
    if (found) findings.push(found);
  }
  if (statement.effect === 'unknown' && findings.length === 0 && statement.unknowns.length === 0)
    findings.push(stopped(event, state, 'unparsed', statement.text, `a ${statement.node} that is not known`));
  state.routines.push(...statement.creates);
  state.memory.note(statement.text);
  return findings;
}

/** Where TypeORM keeps the definitions of views and generated columns: its generated migrations write it. */
const BOOKKEEPING = 'typeorm_metadata';

/** `CREATE TABLE a AS SELECT * FROM b WHERE false` takes the columns alone. */
const COPIES_NOTHING = /(?:\bwhere (?:false|1 ?= ?0|0 ?= ?1|1 ?= ?2)|\blimit 0)\s*;?$/;

function toFinding(
  event: SqlEvent,
  finding: DataFinding,
  { text }: Statement,
  reading: SqlReading,
  state: JudgeState,
): Finding {
  const inRows = event.loops.includes('rows');
  const rule: DataRule = event.helper !== undefined ? 'helper-dml' : inRows ? 'row-loop' : finding.rule;
  const judged = severityOfSql(finding, {
    loops: event.loops,
    memory: state.memory,
    sizes: state.sizes,
    ctes: cteNames(text),
    whole: text,
  });
  const table = finding.table && withExpressions(fullName(finding.table), reading.holes);
  const places = placesOf(event, reading, finding.position.offset, finding.text.length, state.file);
  const loop = event.loops.at(-1);
  return {
    rule,
    ...judged,
    direction: state.direction,
    message: operationSentence(finding.operation, table, {
      via: finding.via,
      loop: inRows || finding.inLoop ? 'rows' : loop,
      helper: event.helper,
      inCte: finding.inCte,
    }),
    ...(table === undefined ? {} : { table }),
    statement: withExpressions(finding.text, reading.holes),
    fingerprint: fingerprintOf(`${rule}\0${withoutHoleNames(finding.normalized)}`),
    ...places,
    line: regionInMigration(event, state.file).line,
    ...(loop ? { loop } : {}),
    sql: finding,
  };
}

function cteNames(sql: string): ReadonlySet<string> {
  if (!/\bwith\b/i.test(sql)) return NO_NAMES;
  return new Set(
    [...sql.matchAll(/"?([\w$]+)"?\s*(?:\([^()]*\)\s*)?\bas\s+(?:not\s+)?(?:materialized\s+)?\(/gi)].map(
      (match) => match[1] ?? '',
    ),
  );
}

const NO_NAMES: ReadonlySet<string> = new Set();

function judgeUnknown(
  event: SqlEvent,
  statement: Statement,
  unknown: Unknown,
  reading: SqlReading,
  state: JudgeState,
): Finding | undefined {
  const quoted = withExpressions(unknown.text, reading.holes);
  switch (unknown.kind) {
    case 'unresolved-call':
      if (!RUNS_ROUTINES.has(statement.node) || (unknown.call && isExtensionFunction(unknown.call.name)))
        return undefined;
      return at(
        event,
        state,
        reading,
        unknown,
        stopped(event, state, 'call', quoted, `${unknown.call?.name ?? quoted}()`),
      );
    case 'dynamic-sql':
      if (unknown.likely === 'data')
        return at(event, state, reading, unknown, dynamicData(event, unknown, quoted, state));
      return unknown.likely === undefined || unknown.likely === 'unknown'
        ? at(event, state, reading, unknown, stopped(event, state, 'dynamic', quoted, quoted))
        : undefined;
    case 'wrapped-call':
    case 'unparsed-body':
    case 'foreign-language':
    case 'remote-sql':
    case 'unknown-prepared':
    case 'unknown-statement':
      return at(
        event,
        state,
        reading,
        unknown,
        stopped(event, state, unknown.kind === 'unparsed-body' ? 'unparsed' : 'call', quoted, unknown.detail),
      );
  }
}

/** Statements that run the functions that they name; a DEFAULT or an index runs them too, but on rows that the table owns. */
const RUNS_ROUTINES = new Set(['SelectStmt', 'CallStmt', 'DoStmt', 'ExecuteStmt', 'ExplainStmt']);

/** EXECUTE of a string whose constant part is DML. */
function dynamicData(event: SqlEvent, unknown: Unknown, quoted: string, state: JudgeState): Finding {
  return {
    rule: event.loops.includes('rows')
      ? 'row-loop'
      : unknown.via.some((step) => /function|procedure/.test(step))
        ? 'function-call-dml'
        : 'do-block-dml',
    severity: 'HIGH',
    reason: 'what it changes is put together at run time',
    direction: state.direction,
    message: `EXECUTE of a string that changes rows`,
    statement: quoted,
    fingerprint: fingerprintOf(`dynamic\0${withoutHoleNames(state.classifier.normalize(unknown.text))}`),
    region: regionInMigration(event, state.file),
    line: regionInMigration(event, state.file).line,
  };
}

/** PostgreSQL's parser refuses it: how the statement starts still tells what it was meant to be. */
function unparsed(event: SqlEvent, reading: SqlReading, state: JudgeState): readonly Finding[] {
  if (event.guessed) return [];
  const { sql } = reading.rendered;
  const verb = /^(?:\s|--[^\n]*\n|\/\*[^]*?\*\/)*(update|insert|delete|merge|truncate)\b/i
    .exec(sql)?.[1]
    ?.toLowerCase();
  const shown = withExpressions(sql.trim(), reading.holes);
  if (verb === undefined)
    return [stopped(event, state, 'unparsed', shown, reading.classification.failure?.message ?? 'not SQL')];
  const rule = event.loops.includes('rows')
    ? 'row-loop'
    : (verb as 'update' | 'insert' | 'delete' | 'merge' | 'truncate');
  return [
    {
      rule,
      severity: rule === 'row-loop' ? 'HIGH' : 'MEDIUM',
      reason: 'its text is put together at run time',
      direction: state.direction,
      message: operationSentence(verb as 'update', undefined, { via: [], loop: event.loops.at(-1) }),
      statement: shown,
      fingerprint: fingerprintOf(`${rule}\0${withoutHoleNames(sql.replace(/\s+/g, ' ').trim())}`),
      region: regionInMigration(event, state.file),
      line: regionInMigration(event, state.file).line,
    },
  ];
}

export function stopped(
  event: Pick<SqlEvent, 'site' | 'frames'>,
  state: Pick<JudgeState, 'direction' | 'file'>,
  stop: NonNullable<Finding['stop']>,
  code: string,
  detail: string,
): Finding {
  return {
    rule: 'cannot-decide',
    severity: 'MEDIUM',
    reason: 'what it does is not known',
    direction: state.direction,
    message: stopSentence(stop, detail),
    statement: code,
    fingerprint: fingerprintOf(`cannot-decide\0${code.replace(/\s+/g, ' ')}`),
    region: regionInMigration(event, state.file),
    line: regionInMigration(event, state.file).line,
    stop,
  };
}

export function regionInMigration(
  { site, frames }: { readonly site: Site; readonly frames: readonly Site[] },
  file: string,
): Region {
  return regionOfSite(siteInMigration([...frames, site], file) ?? site);
}

function at(
  event: SqlEvent,
  state: JudgeState,
  reading: SqlReading,
  unknown: Unknown,
  finding: Finding,
): Finding {
  return {
    ...finding,
    ...placesOf(event, reading, unknown.position.offset, unknown.text.length, state.file),
  };
}

/** The statement's own place when it stands in the migration, else the call that leads to it, with the place elsewhere. */
function placesOf(
  event: SqlEvent,
  reading: SqlReading,
  offset: number,
  length: number,
  file: string,
): { readonly region: Region; readonly elsewhere?: Region } {
  const start = reading.rendered.siteAt(offset);
  const fallback = regionInMigration(event, file);
  if (!start)
    return event.site.source.path === file
      ? { region: fallback }
      : { region: fallback, elsewhere: regionOfSite(event.site) };
  const end = reading.rendered.siteAt(offset + length);
  const until =
    end && end.site.source === start.site.source && end.offset >= start.offset ? end.offset : start.site.end;
  const region = regionOf(start.site.source, start.offset, until);
  return start.site.source.path === file ? { region } : { region: fallback, elsewhere: region };
}
