import type { DdlStatement } from '../locks/ddl-statement.js';
import { effectOfKind } from './statement-kinds.js';
import type { StatementSpan } from './statement-spans.js';
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

/** What a piece of SQL does, as far as it has been read. */
export interface StatementFacts {
  readonly findings: DataFinding[];
  readonly unknowns: Unknown[];
  readonly calls: RoutineCall[];
  readonly settings: SettingChange[];
  /** Definitions and other statements that take locks. */
  readonly ddl: DdlStatement[];
  /** The routines whose bodies the facts contain. The value: does a loop run the body? */
  readonly included: Map<Routine, boolean>;
  controlsTransaction: boolean;
  changesSchema: boolean;
}

/** A statement, the facts to which its effects are added, and the number of bodies around it. */
export interface StatementScope {
  readonly span: StatementSpan;
  readonly facts: StatementFacts;
  readonly depth: number;
}

/** The first entry of `via` for everything in a DO block. */
export const DO_BLOCK = 'DO block';
/** A body that is nested deeper than this in other bodies is not read. */
export const MAX_BODY_DEPTH = 12;

export function newFacts(): StatementFacts {
  return {
    findings: [],
    unknowns: [],
    calls: [],
    settings: [],
    ddl: [],
    included: new Map(),
    controlsTransaction: false,
    changesSchema: false,
  };
}

export function addFacts(target: StatementFacts, added: StatementFacts): void {
  target.findings.push(...added.findings);
  target.unknowns.push(...added.unknowns);
  target.calls.push(...added.calls);
  target.settings.push(...added.settings);
  target.ddl.push(...added.ddl);
  include(target, added.included);
  target.controlsTransaction ||= added.controlsTransaction;
  target.changesSchema ||= added.changesSchema;
}

export function include(
  { included }: StatementFacts,
  added: Iterable<readonly [routine: Routine, inLoop: boolean]>,
): void {
  for (const [routine, inLoop] of added) included.set(routine, inLoop || (included.get(routine) ?? false));
}

export function toBodyAnalysis({
  findings,
  unknowns,
  calls,
  settings,
  ddl,
  included,
  controlsTransaction,
}: StatementFacts): BodyAnalysis {
  return { findings, unknowns, calls, settings, ddl, included, controlsTransaction };
}

export function ruleInside(via: readonly string[], rule: DataFinding['rule']): DataFinding['rule'] {
  return via[0] === DO_BLOCK ? 'do-block-dml' : rule;
}

export function effectOf(kind: string, facts: StatementFacts): StatementEffect {
  if (facts.findings.length > 0) return 'data';
  if (facts.unknowns.length > 0) return 'unknown';
  const effect = effectOfKind(kind);
  return effect === 'read' && facts.changesSchema ? 'schema' : effect;
}

/** The effect of the constant part of a dynamic string. */
export function likelyEffect(facts: StatementFacts): StatementEffect {
  if (facts.unknowns.length > 0) return 'unknown';
  return facts.changesSchema ? 'schema' : 'read';
}

/** Something about a statement that cannot be decided from its text. */
export function unknown(kind: UnknownKind, { unit, start, text }: StatementSpan, detail: string): Unknown {
  return { kind, position: unit.position(start), text, detail, via: unit.place.via };
}

/** Something about a call that cannot be decided from the text. */
export function unknownCall(
  kind: UnknownKind,
  call: RoutineCall,
  { unit, text }: StatementSpan,
  detail: string,
): Unknown {
  return { kind, position: call.position, text, detail, call, via: unit.place.via };
}
