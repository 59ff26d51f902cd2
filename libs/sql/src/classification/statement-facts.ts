import { type Json, nodesOf } from '../parser/parser-nodes.js';
import type { StatementSpan } from './statement-dml.js';
import { effectOfKind } from './statement-kinds.js';
import type { SqlUnit } from './statement-unit.js';
import type {
  BodyAnalysis,
  DataFinding,
  Routine,
  RoutineCall,
  SettingChange,
  StatementEffect,
  Unknown,
  UnknownKind,
} from './statement.types.js';

/** What happens in a piece of SQL, gathered while it is walked. */
export interface StatementFacts {
  readonly findings: DataFinding[];
  readonly unknowns: Unknown[];
  readonly calls: RoutineCall[];
  readonly settings: SettingChange[];
  controlsTransaction: boolean;
  changesSchema: boolean;
}

export const DO_BLOCK = 'DO block';
/** Languages whose functions run no SQL text of their own. */
export const BODILESS = new Set(['c', 'internal']);

export function ruleInside(via: readonly string[], rule: DataFinding['rule']): DataFinding['rule'] {
  return via[0] === DO_BLOCK ? 'do-block-dml' : rule;
}

export function newFacts(): StatementFacts {
  return {
    findings: [],
    unknowns: [],
    calls: [],
    settings: [],
    controlsTransaction: false,
    changesSchema: false,
  };
}

export function merge(into: StatementFacts, from: StatementFacts): void {
  into.findings.push(...from.findings);
  into.unknowns.push(...from.unknowns);
  into.calls.push(...from.calls);
  into.settings.push(...from.settings);
  into.controlsTransaction ||= from.controlsTransaction;
  into.changesSchema ||= from.changesSchema;
}

export function frozen({
  findings,
  unknowns,
  calls,
  settings,
  controlsTransaction,
}: StatementFacts): BodyAnalysis {
  return { findings, unknowns, calls, settings, controlsTransaction };
}

export function effectOf(kind: string, gathered: StatementFacts): StatementEffect {
  if (gathered.findings.length > 0) return 'data';
  if (gathered.unknowns.length > 0) return 'unknown';
  const effect = effectOfKind(kind);
  return effect === 'read' && gathered.changesSchema ? 'schema' : effect;
}

export function likelyEffect(gathered: StatementFacts): StatementEffect {
  if (gathered.unknowns.length > 0) return 'unknown';
  return gathered.changesSchema ? 'schema' : 'read';
}

/** When the string does not parse even with placeholders: what its first word announces. */
export function verbEffect(sql: string): StatementEffect {
  const verb = /^[\s(]*([a-z]+)/i.exec(sql)?.[1]?.toLowerCase() ?? '';
  if (['update', 'insert', 'delete', 'merge', 'truncate', 'copy'].includes(verb)) return 'data';
  if (['alter', 'create', 'drop', 'comment', 'grant', 'revoke', 'reindex', 'refresh'].includes(verb))
    return 'schema';
  return 'unknown';
}

export function openString(unit: SqlUnit, expression: string, likely: StatementEffect): Unknown {
  return {
    kind: 'dynamic-sql',
    position: unit.position(0),
    text: expression,
    detail: 'EXECUTE runs a string that is put together at run time',
    likely,
    via: unit.place.via,
  };
}

export function unknown(
  kind: UnknownKind,
  span: StatementSpan,
  location: number,
  sql: string,
  detail: string,
): Unknown {
  return { kind, position: span.unit.position(location), text: sql, detail, via: span.unit.place.via };
}

export function called(kind: UnknownKind, call: RoutineCall, span: StatementSpan, detail: string): Unknown {
  return { kind, position: call.position, text: span.text, detail, call, via: span.unit.place.via };
}

/** Definitions store what they contain, without running it. */
export function mayHoldDml(kind: string): boolean {
  return effectOfKind(kind) !== 'schema' || kind === 'CreateTableAsStmt';
}

export const EVALUATES = new Set(['AlterTableStmt', 'IndexStmt', 'CreateTableAsStmt']);

export function runsExpressions(kind: string): boolean {
  return effectOfKind(kind) !== 'schema' || EVALUATES.has(kind);
}

export function inputParameters(fields: Json): number {
  return nodesOf(fields['parameters'], 'FunctionParameter').filter(
    (parameter) => !['FUNC_PARAM_OUT', 'FUNC_PARAM_TABLE'].includes(String(parameter['mode'])),
  ).length;
}

export function isSameRoutine(a: Routine, b: Routine): boolean {
  return a.name === b.name && a.schema === b.schema && a.parameters === b.parameters;
}
