import { evaluateDynamic } from '../plpgsql/plpgsql-dynamic.js';
import { readBody } from '../plpgsql/plpgsql-body.js';
import { loadParser, type SqlParser } from '../parser/parser.js';
import { type Json, kindOf, nameParts, text } from '../parser/parser-nodes.js';
import { bodyOf, findCalls, findWrapped, isCalledBy, isRemote, routineName } from './statement-calls.js';
import { findDml, type StatementSpan } from './statement-dml.js';
import {
  effectOfKind,
  explainRuns,
  holdsCursor,
  ownSettings,
  refusesTransaction,
  settingsOf,
  transactionControl,
} from './statement-kinds.js';
import { spansOf } from '../text/statement-spans.js';
import { SqlUnit, withoutOffset } from './statement-unit.js';
import { normalizeSql } from '../text/statement-tokens.js';
import {
  BODILESS,
  called,
  DO_BLOCK,
  effectOf,
  frozen,
  type StatementFacts,
  inputParameters,
  isSameRoutine,
  likelyEffect,
  mayHoldDml,
  merge,
  newFacts,
  openString,
  ruleInside,
  runsExpressions,
  unknown,
  verbEffect,
} from './statement-facts.js';
import type {
  Classification,
  ClassifyOptions,
  DataFinding,
  Routine,
  RoutineCall,
  Statement,
} from './statement.types.js';

/** Loads PostgreSQL's parser, once a process, and gives what it is needed for. */
export async function loadClassifier(): Promise<StatementClassifier> {
  return new StatementClassifier(await loadParser());
}

/** Deeper nesting of bodies in bodies is not followed: it is reported as unknown. */
const DEEPEST_BODY = 12;

/** Tells what SQL texts do, by PostgreSQL's own grammar. Knows no database; holds no state. */
export class StatementClassifier {
  constructor(private readonly parser: SqlParser) {}

  classify(sql: string, options: ClassifyOptions = {}): Classification {
    return new Walk(this.parser, options).classify(sql);
  }

  /** Equal for two texts that differ in formatting, case and comments alone: what a fingerprint is made of. */
  normalize(sql: string): string {
    return normalizeSql(this.parser, sql);
  }
}

class Walk {
  #routines: readonly Routine[];
  readonly #prepared: Set<string>;

  constructor(
    private readonly parser: SqlParser,
    options: ClassifyOptions,
  ) {
    this.#routines = options.routines ?? [];
    this.#prepared = new Set(options.prepared);
  }

  classify(sql: string): Classification {
    const parsed = this.parser.parse(sql);
    if (!parsed.ok) return { statements: [], failure: parsed.failure };
    const unit = SqlUnit.root(this.parser, sql);
    return {
      statements: spansOf(unit, parsed.value.stmts).map(([span, tree]) => this.#statement(span, tree)),
    };
  }

  #statement(span: StatementSpan, tree: unknown): Statement {
    const [kind, fields] = kindOf(tree) ?? ['', {}];
    const gathered = newFacts();
    const creates = this.#gather(span, tree, gathered, 0);
    const transaction = transactionControl(kind, fields);
    const prepares = kind === 'PrepareStmt' ? text(fields['name']) : undefined;
    const offset = span.unit.toText(span.start);
    return {
      node: kind,
      effect: effectOf(kind, gathered),
      text: span.text,
      position: span.unit.position(span.start),
      end: offset + span.text.length,
      findings: gathered.findings,
      unknowns: gathered.unknowns,
      calls: gathered.calls,
      creates,
      settings: [...settingsOf(kind, fields), ...gathered.settings],
      ...(transaction && { transaction }),
      ...(prepares !== undefined && { prepares }),
      controlsTransaction: gathered.controlsTransaction,
      refusesTransaction: refusesTransaction(kind, fields),
    };
  }

  #gather(span: StatementSpan, tree: unknown, into: StatementFacts, depth: number): readonly Routine[] {
    const [kind, fields] = kindOf(tree) ?? ['', {}];
    const { unit } = span;
    if (effectOfKind(kind) === 'unknown')
      into.unknowns.push(
        unknown('unknown-statement', span, span.start, span.text, `${kind} is not known here`),
      );
    if (effectOfKind(kind) === 'schema') into.changesSchema = true;
    switch (kind) {
      case 'DoStmt':
        this.#doBlock(span, fields, into, depth);
        return [];
      case 'CreateFunctionStmt':
        return [this.#define(span, fields, depth)];
      case 'ExplainStmt':
        if (explainRuns(fields)) this.#gather(span, fields['query'], into, depth);
        return [];
      case 'ExecuteStmt':
        this.#execute(span, fields, into);
        return [];
      case 'PrepareStmt':
        this.#prepared.add(text(fields['name']) ?? '');
        break;
      case 'DeclareCursorStmt':
        if (holdsCursor(fields))
          into.unknowns.push(
            unknown(
              'remote-sql',
              span,
              span.start,
              span.text,
              'a cursor WITH HOLD runs its query at the commit',
            ),
          );
        break;
      case 'CopyStmt':
        if (fields['is_program'] === true)
          into.unknowns.push(
            unknown('remote-sql', span, span.start, span.text, 'COPY … PROGRAM runs a command on the server'),
          );
        break;
    }
    if (kind === 'TransactionStmt' && unit.place.via.length > 0) into.controlsTransaction = true;
    if (mayHoldDml(kind)) into.findings.push(...findDml(tree, span));
    if (runsExpressions(kind)) this.#calls(tree, span, into, depth, kind);
    this.#wraps(kind, fields, span, into);
    return [];
  }

  /** What is created here runs nothing yet, and no statement that uses it later names the routine. */
  #wraps(kind: string, fields: Json, span: StatementSpan, into: StatementFacts): void {
    for (const call of findWrapped(kind, fields, span.unit)) {
      const known = this.#routines.filter((routine) => isCalledBy(call, routine));
      const run = newFacts();
      this.#follow(call, known, span, run, 0);
      const what = `it keeps ${routineName(call)}() for later, which changes rows, or may`;
      if (run.findings.length > 0 || run.unknowns.length > 0)
        into.unknowns.push(called('wrapped-call', call, span, what));
    }
  }

  #calls(tree: unknown, span: StatementSpan, into: StatementFacts, depth: number, kind: string): void {
    const { calls, largeObjects, settings } = findCalls(tree, span.unit, this.#routines);
    into.settings.push(...settings);
    for (const call of largeObjects) into.findings.push(this.#largeObject(call, span));
    // A default or a USING expression that calls a function of unknown body is everyday DDL; only what is known to write counts.
    const definition = effectOfKind(kind) === 'schema';
    for (const call of calls) {
      into.calls.push(call);
      const known = this.#routines.filter((routine) => isCalledBy(call, routine));
      if (isRemote(call))
        into.unknowns.push(
          called('remote-sql', call, span, 'dblink runs SQL through a connection of its own'),
        );
      else if (known.length > 0) this.#follow(call, known, span, into, depth);
      else if (!definition)
        into.unknowns.push(
          called('unresolved-call', call, span, `what ${routineName(call)}() does is not in this text`),
        );
    }
  }

  #follow(
    call: RoutineCall,
    routines: readonly Routine[],
    span: StatementSpan,
    into: StatementFacts,
    depth: number,
  ): void {
    if (depth > DEEPEST_BODY) return;
    for (const routine of routines) {
      const via = [...span.unit.place.via, `${routine.kind} ${routineName(routine)}()`];
      const rule = span.unit.place.via[0] === DO_BLOCK ? 'do-block-dml' : 'function-call-dml';
      for (const finding of routine.body.findings)
        into.findings.push({
          ...finding,
          rule,
          position: call.position,
          inLoop: finding.inLoop || span.unit.place.inLoop,
          via: [...via, ...finding.via],
        });
      for (const open of routine.body.unknowns)
        if (open.kind !== 'unresolved-call')
          into.unknowns.push({ ...open, position: call.position, via: [...via, ...open.via] });
      into.settings.push(...routine.body.settings);
      if (routine.body.controlsTransaction) into.controlsTransaction = true;
      // Routines that it calls may have been created after it.
      const inner = routine.body.calls.filter((next) => !isCalledBy(next, routine));
      for (const next of inner) {
        const known = this.#routines.filter((candidate) => isCalledBy(next, candidate));
        const place = { ...span.unit.place, via };
        const nested = { ...span, unit: new SqlUnit(span.unit.parser, span.unit.sql, place) };
        const at = { ...next, position: call.position };
        if (known.length > 0) this.#follow(at, known, nested, into, depth + 1);
        else if (!isRemote(next))
          into.unknowns.push(
            called('unresolved-call', at, nested, `what ${routineName(next)}() does is not in this text`),
          );
      }
    }
  }

  #largeObject(call: RoutineCall, span: StatementSpan): DataFinding {
    const { place } = span.unit;
    return {
      rule: place.via.length > 0 ? ruleInside(place.via, 'large-object') : 'large-object',
      operation: 'large-object',
      position: call.position,
      text: span.text,
      normalized: normalizeSql(this.parser, span.text),
      set: [],
      sources: [],
      inLoop: place.inLoop,
      inCte: false,
      via: place.via,
      dynamic: place.dynamic,
    };
  }

  #execute(span: StatementSpan, fields: Json, into: StatementFacts): void {
    const name = text(fields['name']) ?? '';
    if (!this.#prepared.has(name))
      into.unknowns.push(
        unknown('unknown-prepared', span, span.start, span.text, `${name} was not prepared in this text`),
      );
  }

  #doBlock(span: StatementSpan, fields: Json, into: StatementFacts, depth: number): void {
    const { language, source } = bodyOf(fields['args']);
    this.#body(span, language ?? 'plpgsql', source ?? '', DO_BLOCK, into, depth);
  }

  #define(span: StatementSpan, fields: Json, depth: number): Routine {
    const parts = nameParts(fields['funcname']);
    const { language, source } = bodyOf(fields['options']);
    const schema = parts.at(-2);
    const body = newFacts();
    body.settings.push(...ownSettings(fields['options']));
    const atomic = fields['sql_body'];
    const name = parts.at(-1) ?? '';
    if (atomic !== undefined) this.#atomic(span, atomic, body, depth);
    else this.#body(span, language ?? 'sql', source ?? '', undefined, body, depth);
    const routine: Routine = {
      kind: fields['is_procedure'] === true ? 'procedure' : 'function',
      ...(schema !== undefined && { schema }),
      name,
      language: language ?? 'sql',
      parameters: inputParameters(fields),
      position: span.unit.position(span.start),
      body: frozen(body),
    };
    this.#routines = [...this.#routines.filter((other) => !isSameRoutine(other, routine)), routine];
    return routine;
  }

  /** BEGIN ATOMIC and RETURN expression: parsed with the statement that creates them. */
  #atomic(span: StatementSpan, tree: unknown, into: StatementFacts, depth: number): void {
    into.findings.push(...findDml(tree, { ...span, encloses: true }));
    this.#calls({ tree }, span, into, depth, 'SelectStmt');
  }

  #body(
    span: StatementSpan,
    language: string,
    source: string,
    via: string | undefined,
    into: StatementFacts,
    depth: number,
  ): void {
    const start = span.unit.toText(span.start);
    if (depth >= DEEPEST_BODY)
      into.unknowns.push(
        unknown('unparsed-body', span, span.start, span.text, 'bodies are nested too deeply'),
      );
    else if (language === 'sql') this.#text(span.unit.inner(source, start, {}, via), into, depth + 1);
    else if (language === 'plpgsql') this.#plpgsql(span, start, via, into, depth);
    else if (BODILESS.has(language)) return;
    else
      into.unknowns.push(
        unknown(
          'foreign-language',
          span,
          span.start,
          span.text,
          `a body in language ${language} cannot be read`,
        ),
      );
  }

  #plpgsql(
    span: StatementSpan,
    start: number,
    via: string | undefined,
    into: StatementFacts,
    depth: number,
  ): void {
    const parsed = this.parser.parsePlpgsql(span.text);
    if (!parsed.ok) {
      into.unknowns.push(unknown('unparsed-body', span, span.start, span.text, parsed.failure.message));
      return;
    }
    const body = readBody(parsed.value);
    if (body.controlsTransaction) into.controlsTransaction = true;
    let from = start;
    for (const piece of body.pieces) {
      const place = { inLoop: piece.inLoop };
      if (piece.kind === 'dynamic')
        this.#dynamic(span.unit.inner(piece.sql, from, place, via), piece.sql, body.variables, into, depth);
      else if (piece.kind === 'expression')
        this.#expression(span.unit.inner(piece.sql, from, place, via), into, depth);
      else {
        // PERFORM is kept as the SELECT that it runs as.
        const written = piece.sql.replace(/^SELECT\s+/, '');
        const shift = span.unit.sql.indexOf(piece.sql, from) < 0 && span.unit.sql.indexOf(written, from) >= 0;
        const unit = shift
          ? this.#shifted(span.unit.inner(written, from, place, via), piece.sql, written)
          : span.unit.inner(piece.sql, from, place, via);
        this.#text(unit, into, depth + 1);
      }
      from = Math.max(from, span.unit.sql.indexOf(piece.sql, from));
    }
  }

  /** A unit whose text has words in front that its place has not. */
  #shifted(unit: SqlUnit, sql: string, written: string): SqlUnit {
    const { offset } = unit.place;
    if (offset === undefined) return new SqlUnit(this.parser, sql, unit.place);
    return new SqlUnit(this.parser, sql, { ...unit.place, offset: offset - (sql.length - written.length) });
  }

  #expression(unit: SqlUnit, into: StatementFacts, depth: number): void {
    this.#text(this.#shifted(unit, `SELECT ${unit.sql}`, unit.sql), into, depth + 1);
  }

  #dynamic(
    unit: SqlUnit,
    expression: string,
    variables: ReadonlyMap<string, readonly string[]>,
    into: StatementFacts,
    depth: number,
  ): void {
    this.#expression(unit, into, depth);
    for (const template of evaluateDynamic(this.parser, expression, variables)) {
      const place = withoutOffset(unit.place);
      const inner = new SqlUnit(this.parser, template.sql, {
        ...place,
        fallback: unit.position(0),
        via: [...place.via, 'EXECUTE'],
        dynamic: !template.exact,
      });
      const found = newFacts();
      const parsed = this.#text(inner, found, depth + 1);
      const decided = found.findings.length > 0 || (template.safe && parsed);
      merge(into, decided ? found : { ...newFacts(), settings: found.settings });
      if (!decided)
        into.unknowns.push(
          openString(unit, expression, parsed ? likelyEffect(found) : verbEffect(template.sql)),
        );
    }
  }

  /** Everything in a text of SQL; false when it does not parse, which is then an unknown as well. */
  #text(unit: SqlUnit, into: StatementFacts, depth: number): boolean {
    const parsed = this.parser.parse(unit.sql);
    if (!parsed.ok) {
      const span = { unit, start: 0, end: Buffer.byteLength(unit.sql), text: unit.sql };
      into.unknowns.push(unknown('unparsed-body', span, 0, unit.sql, parsed.failure.message));
      return false;
    }
    for (const [span, tree] of spansOf(unit, parsed.value.stmts)) {
      const inner = newFacts();
      this.#gather(span, tree, inner, depth);
      const { via } = unit.place;
      merge(into, {
        ...inner,
        findings: inner.findings.map((finding) => ({ ...finding, rule: ruleInside(via, finding.rule) })),
      });
    }
    return true;
  }
}
