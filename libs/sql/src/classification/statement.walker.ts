import { type Json, kindOf, list, nameParts, nodesOf, text } from '../parser/parser-nodes.js';
import type { SqlParser } from '../parser/sql-parser.js';
import { bodyOf, BodyWalker } from './body.walker.js';
import { CallResolver } from './call.resolver.js';
import { ddlStatement, mayLock, settingStatement } from './ddl.finder.js';
import { findDml } from './dml.finder.js';
import { RoutineRegistry } from './routine.registry.js';
import { SqlUnit } from './sql-unit.js';
import { TemporaryTables } from '../functions/temporary-tables.js';
import {
  addFacts,
  DO_BLOCK,
  effectOf,
  newFacts,
  ruleInside,
  toBodyAnalysis,
  unknown,
  type StatementFacts,
  type StatementScope,
} from './statement-facts.js';
import {
  canContainDml,
  effectOfKind,
  evaluatesExpressions,
  explainRuns,
  refusesTransaction,
  remoteEffect,
  routineSettings,
  settingsOf,
  transactionControl,
} from './statement-kinds.js';
import { spansOf, type StatementSpan } from './statement-spans.js';
import type { Classification, ClassifyOptions, Routine, Statement } from './statement.types.js';

/** Classifies one text. It keeps the routines and prepared statements that the text creates. */
export class StatementWalker {
  readonly #parser: SqlParser;
  readonly #prepared: Set<string>;
  readonly #temporary: TemporaryTables;
  readonly #routines: RoutineRegistry;
  readonly #calls: CallResolver;
  readonly #bodies: BodyWalker;

  constructor(parser: SqlParser, { routines = [], prepared, temporary }: ClassifyOptions) {
    this.#parser = parser;
    this.#prepared = new Set(prepared);
    this.#temporary = new TemporaryTables(temporary);
    this.#routines = new RoutineRegistry(routines);
    this.#calls = new CallResolver(this.#routines);
    this.#bodies = new BodyWalker(parser, (unit, facts, depth) => this.#walkText(unit, facts, depth));
  }

  classify(sql: string): Classification {
    const parsed = this.#parser.parse(sql);
    if (!parsed.ok) return { statements: [], failure: parsed.failure, temporary: this.#temporary.names };
    const unit = SqlUnit.root(this.#parser, sql);
    const statements = spansOf(unit, parsed.value.stmts).map(([span, tree]) => this.#classify(span, tree));
    return { statements, temporary: this.#temporary.names };
  }

  #classify(span: StatementSpan, tree: unknown): Statement {
    const [kind, fields] = kindOf(tree) ?? ['', {}];
    const facts = newFacts();
    const creates = this.#walk(tree, { span, facts, depth: 0 });
    const transaction = transactionControl(kind, fields);
    const prepares = kind === 'PrepareStmt' ? text(fields['name']) : undefined;
    return {
      node: kind,
      effect: effectOf(kind, facts),
      text: span.text,
      position: span.unit.position(span.start),
      end: span.unit.toTextOffset(span.start) + span.text.length,
      findings: facts.findings,
      unknowns: facts.unknowns,
      calls: facts.calls,
      creates,
      settings: [...settingsOf(kind, fields), ...facts.settings],
      ddl: [...facts.ddl, ...facts.settings.map((setting) => settingStatement(setting, span))],
      ...(transaction && { transaction }),
      ...(prepares !== undefined && { prepares }),
      controlsTransaction: facts.controlsTransaction,
      refusesTransaction: refusesTransaction(kind, fields),
    };
  }

  /** Adds to the facts what the statement does. @returns the routine that it creates */
  #walk(tree: unknown, scope: StatementScope): readonly Routine[] {
    const [kind, fields] = kindOf(tree) ?? ['', {}];
    const { span, facts } = scope;
    const effect = effectOfKind(kind);
    if (effect === 'schema') facts.changesSchema = true;
    if (effect === 'unknown')
      facts.unknowns.push(
        unknown('unknown-statement', span, `this version of nestjs-backfill-sql does not know ${kind}`),
      );
    if (mayLock(kind, fields)) facts.ddl.push(ddlStatement(kind, fields, span));
    if (kind === 'CreateFunctionStmt') return [this.#walkRoutine(fields, scope)];
    if (kind === 'DoStmt') this.#walkDoBlock(fields, scope);
    else if (kind === 'ExecuteStmt') this.#checkPrepared(fields, scope);
    else if (kind !== 'ExplainStmt') this.#walkSimple(tree, scope);
    else if (explainRuns(fields)) this.#walk(fields['query'], scope);
    return [];
  }

  #walkSimple(tree: unknown, scope: StatementScope): void {
    const [kind, fields] = kindOf(tree) ?? ['', {}];
    const { span, facts } = scope;
    if (kind === 'PrepareStmt') this.#prepared.add(text(fields['name']) ?? '');
    if (kind === 'TransactionStmt' && span.unit.place.via.length > 0) facts.controlsTransaction = true;
    const remote = remoteEffect(kind, fields);
    if (remote !== undefined) facts.unknowns.push(unknown('remote-sql', span, remote));
    this.#temporary.note(kind, fields);
    if (canContainDml(kind))
      facts.findings.push(...findDml(tree, span).filter((finding) => !this.#temporary.has(finding)));
    if (evaluatesExpressions(kind)) this.#calls.resolveCalls(tree, kind, scope);
    if (kind === 'RuleStmt') this.#walkRule(fields, scope);
    // A trigger of a permanent table fires for changes of its rows, which are findings themselves.
    if (kind !== 'CreateTrigStmt' || this.#temporary.hasRelation(fields['relation']))
      this.#calls.resolveStoredCalls(kind, fields, scope);
  }

  /** A change of a temporary table is no finding, but a rule on the table may change other tables. */
  #walkRule(fields: Json, { span, facts }: StatementScope): void {
    if (!this.#temporary.hasRelation(fields['relation'])) return;
    const findings = list(fields['actions']).flatMap((action) => findDml(action, span));
    if (findings.some((finding) => !this.#temporary.has(finding)))
      facts.unknowns.push(
        unknown('wrapped-call', span, 'a rule on a temporary table changes rows of another'),
      );
  }

  #walkDoBlock(fields: Json, scope: StatementScope): void {
    this.#bodies.walk({ language: 'plpgsql', source: '', ...bodyOf(fields['args']), via: DO_BLOCK }, scope);
  }

  #checkPrepared(fields: Json, { span, facts }: StatementScope): void {
    const name = text(fields['name']) ?? '';
    if (!this.#prepared.has(name))
      facts.unknowns.push(
        unknown('unknown-prepared', span, `EXECUTE runs ${name}, which this text does not prepare`),
      );
  }

  #walkRoutine(fields: Json, { span, depth }: StatementScope): Routine {
    const body = { language: 'sql', source: '', ...bodyOf(fields['options']) };
    const facts = newFacts();
    facts.settings.push(...routineSettings(fields['options']));
    const atomicBody = fields['sql_body'];
    if (atomicBody !== undefined) this.#walkAtomic(atomicBody, { span, facts, depth });
    else this.#bodies.walk(body, { span, facts, depth });
    const parts = nameParts(fields['funcname']);
    const schema = parts.at(-2);
    const routine: Routine = {
      kind: fields['is_procedure'] === true ? 'procedure' : 'function',
      ...(schema !== undefined && { schema }),
      name: parts.at(-1) ?? '',
      language: body.language,
      parameters: countInputParameters(fields),
      position: span.unit.position(span.start),
      body: toBodyAnalysis(facts),
    };
    this.#routines.add(routine);
    return routine;
  }

  /**
   * `BEGIN ATOMIC … END` and `RETURN expression`: their parse tree is part of the statement that creates the
   * routine.
   */
  #walkAtomic(tree: unknown, scope: StatementScope): void {
    scope.facts.findings.push(...findDml(tree, { ...scope.span, isContainer: true }));
    this.#calls.resolveCalls({ tree }, 'SelectStmt', scope);
  }

  /** See `TextWalk`. */
  #walkText(unit: SqlUnit, facts: StatementFacts, depth: number): boolean {
    const parsed = this.#parser.parse(unit.sql);
    if (!parsed.ok) {
      const span = { unit, start: 0, end: Buffer.byteLength(unit.sql), text: unit.sql };
      facts.unknowns.push(unknown('unparsed-body', span, parsed.failure.message));
      return false;
    }
    const { via } = unit.place;
    for (const [span, tree] of spansOf(unit, parsed.value.stmts)) {
      const inner = newFacts();
      this.#walk(tree, { span, facts: inner, depth });
      const findings = inner.findings.map((finding) => ({ ...finding, rule: ruleInside(via, finding.rule) }));
      addFacts(facts, { ...inner, findings });
    }
    return true;
  }
}

/** Together with schema and name, the number identifies an overload. */
function countInputParameters(fields: Json): number {
  return nodesOf(fields['parameters'], 'FunctionParameter').filter(
    (parameter) => !['FUNC_PARAM_OUT', 'FUNC_PARAM_TABLE'].includes(String(parameter['mode'])),
  ).length;
}
