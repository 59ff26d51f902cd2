import type { Json } from '../parser/parser-nodes.js';
import { normalizeSql } from '../parser/statement-tokens.js';
import { findCalls, findStoredCalls, isRemote } from './call.finder.js';
import { mayRun, routineName, type RoutineRegistry } from './routine.registry.js';
import { SqlUnit } from './sql-unit.js';
import {
  DO_BLOCK,
  include,
  MAX_BODY_DEPTH,
  newFacts,
  ruleInside,
  unknownCall,
  type StatementScope,
} from './statement-facts.js';
import { effectOfKind } from './statement-kinds.js';
import type { StatementSpan } from './statement-spans.js';
import type { DataFinding, Routine, RoutineCall } from './statement.types.js';

/** Adds the effects of called routines to the facts of a statement. */
export class CallResolver {
  readonly #routines: RoutineRegistry;

  constructor(routines: RoutineRegistry) {
    this.#routines = routines;
  }

  /** Resolves the calls that run with the statement. @param kind of the statement's node */
  resolveCalls(tree: unknown, kind: string, scope: StatementScope): void {
    const { span, facts } = scope;
    const isKnown = (call: RoutineCall): boolean => this.#routines.find(call).length > 0;
    const { calls, largeObjects, settings } = findCalls(tree, span.unit, isKnown);
    facts.settings.push(...settings);
    facts.calls.push(...calls);
    for (const call of largeObjects) facts.findings.push(largeObjectFinding(call, span));
    // A DEFAULT or USING expression in DDL often calls a function whose body is unknown. In DDL, only a
    // function that is known to write is reported.
    const isDefinition = effectOfKind(kind) === 'schema';
    for (const call of calls) {
      const routines = this.#routines.find(call);
      if (isRemote(call))
        facts.unknowns.push(unknownCall('remote-sql', call, span, 'dblink runs SQL over another connection'));
      else if (routines.length > 0) this.#follow(call, routines, scope);
      else if (!isDefinition) facts.unknowns.push(unresolved(call, span));
    }
  }

  /**
   * Resolves the calls that a definition stores. They do not run now, but a later statement that uses the
   * view, operator, aggregate or cast runs the routine without naming it.
   */
  resolveStoredCalls(kind: string, fields: Json, { span, facts }: StatementScope): void {
    for (const call of findStoredCalls(kind, fields, span.unit)) {
      const called = newFacts();
      this.#follow(call, this.#routines.find(call), { span, facts: called, depth: 0 });
      const detail = `it stores a call of ${routineName(call)}(), which changes rows or may change them`;
      if (called.findings.length > 0 || called.unknowns.length > 0)
        facts.unknowns.push(unknownCall('wrapped-call', call, span, detail));
    }
  }

  /** @param path the routines whose bodies contain the call: they are read already */
  #follow(
    call: RoutineCall,
    routines: readonly Routine[],
    scope: StatementScope,
    path: ReadonlySet<Routine> = new Set(),
  ): void {
    for (const routine of routines.filter((one) => !path.has(one))) {
      if (scope.depth > MAX_BODY_DEPTH) {
        const detail = `${routineName(routine)}() is called through too many other routines`;
        scope.facts.unknowns.push(unknownCall('unparsed-body', call, scope.span, detail));
        continue;
      }
      if (!isIncluded(routine, scope)) addBody(call, routine, scope);
      this.#followInnerCalls(call, routine, scope, new Set([...path, routine]));
    }
  }

  /**
   * Follows the calls in a body only when it is called: the routines in it may have been created after it.
   */
  #followInnerCalls(
    call: RoutineCall,
    routine: Routine,
    { span, facts, depth }: StatementScope,
    path: ReadonlySet<Routine>,
  ): void {
    const { parser, sql, place } = span.unit;
    const unit = new SqlUnit(parser, sql, { ...place, via: viaRoutine(routine, span) });
    const innerSpan = { ...span, unit };
    for (const innerCall of routine.body.calls) {
      if (mayRun(innerCall, routine)) continue;
      const placedCall = { ...innerCall, position: call.position };
      const routines = this.#routines.find(innerCall);
      if (routines.length > 0)
        this.#follow(placedCall, routines, { span: innerSpan, facts, depth: depth + 1 }, path);
      else if (!isRemote(innerCall)) facts.unknowns.push(unresolved(placedCall, innerSpan));
    }
  }
}

/** What a statement does is reported once, however many routines call the body. A loop makes it worse. */
function isIncluded(routine: Routine, { span, facts }: StatementScope): boolean {
  const inLoop = facts.included.get(routine);
  return inLoop === true || (inLoop === false && !span.unit.place.inLoop);
}

function addBody(call: RoutineCall, called: Routine, { span, facts }: StatementScope): void {
  const { body, ...routine } = called;
  const via = viaRoutine(routine, span);
  const rule =
    span.unit.place.via[0] === DO_BLOCK ? ('do-block-dml' as const) : ('function-call-dml' as const);
  const bodies = [[called, false] as const, ...(body.included ?? [])];
  include(
    facts,
    bodies.map(([one, inLoop]) => [one, inLoop || span.unit.place.inLoop] as const),
  );
  // Several routines that it calls may contain the same body.
  const known = new Set(facts.findings.map(identityOf));
  for (const inner of body.findings) {
    const inLoop = inner.inLoop || span.unit.place.inLoop;
    const finding = { ...inner, rule, position: call.position, inLoop, via: [...via, ...inner.via] };
    if (known.has(identityOf(finding))) continue;
    known.add(identityOf(finding));
    facts.findings.push(finding);
  }
  for (const inner of body.unknowns)
    if (inner.kind !== 'unresolved-call')
      facts.unknowns.push({ ...inner, position: call.position, via: [...via, ...inner.via] });
  facts.settings.push(...body.settings);
  for (const inner of body.ddl)
    facts.ddl.push({ ...inner, position: call.position, via: [...via, ...inner.via] });
  if (body.controlsTransaction) facts.controlsTransaction = true;
}

/** One statement has several findings if it changes several tables, e.g. TRUNCATE. */
function identityOf({ via, inLoop, text, position, operation, table }: DataFinding): string {
  return JSON.stringify([via.at(-1), inLoop, text, position.offset, operation, table?.schema, table?.name]);
}

function viaRoutine(routine: Omit<Routine, 'body'>, span: StatementSpan): readonly string[] {
  return [...span.unit.place.via, `${routine.kind} ${routineName(routine)}()`];
}

function unresolved(call: RoutineCall, span: StatementSpan) {
  const detail = `the definition of ${routineName(call)}() is not in this text`;
  return unknownCall('unresolved-call', call, span, detail);
}

function largeObjectFinding(call: RoutineCall, { unit, text }: StatementSpan): DataFinding {
  const { via, inLoop, isDynamic } = unit.place;
  return {
    rule: ruleInside(via, 'large-object'),
    operation: 'large-object',
    position: call.position,
    text,
    normalized: normalizeSql(unit.parser, text),
    set: [],
    sources: [],
    inLoop,
    inCte: false,
    via,
    dynamic: isDynamic,
  };
}
