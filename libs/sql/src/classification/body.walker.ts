import { isObject, type Json, list, nodesOf, text } from '../parser/parser-nodes.js';
import type { SqlParser } from '../parser/sql-parser.js';
import { type BodyPart, type PlpgsqlBody, readBody } from '../plpgsql/body.reader.js';
import { evaluateDynamicSql, type SqlTemplate } from '../plpgsql/dynamic-sql.evaluator.js';
import { SqlUnit, withoutOffset } from './sql-unit.js';
import {
  addFacts,
  likelyEffect,
  MAX_BODY_DEPTH,
  newFacts,
  unknown,
  type StatementFacts,
  type StatementScope,
} from './statement-facts.js';
import { effectOfVerb } from './statement-kinds.js';
import type { StatementEffect, Unknown } from './statement.types.js';

/** The body of a routine or DO block. */
export interface Body {
  readonly language: string;
  /** Empty for a body that is not a string constant. */
  readonly source: string;
  /** An entry of `DataFinding.via`, for a DO block. */
  readonly via?: string;
}

/**
 * Walks all statements of a text. @returns false when the text cannot be parsed; the facts then have an
 * unknown
 */
export type TextWalk = (unit: SqlUnit, facts: StatementFacts, depth: number) => boolean;

/** Languages whose functions contain no SQL text. */
const LANGUAGES_WITHOUT_SQL = new Set(['c', 'internal']);

/** Walks the bodies of routines and DO blocks. */
export class BodyWalker {
  readonly #parser: SqlParser;
  readonly #walkText: TextWalk;

  constructor(parser: SqlParser, walkText: TextWalk) {
    this.#parser = parser;
    this.#walkText = walkText;
  }

  walk({ language, source, via }: Body, scope: StatementScope): void {
    const { span, facts, depth } = scope;
    const nesting = via === undefined ? {} : { via };
    if (depth >= MAX_BODY_DEPTH)
      facts.unknowns.push(unknown('unparsed-body', span, 'bodies are nested too deeply'));
    else if (language === 'sql')
      this.#walkText(span.unit.inner(source, span.unit.toTextOffset(span.start), nesting), facts, depth + 1);
    else if (language === 'plpgsql') this.#walkPlpgsql(nesting, scope);
    else if (!LANGUAGES_WITHOUT_SQL.has(language))
      facts.unknowns.push(unknown('foreign-language', span, `a body in language ${language} cannot be read`));
  }

  #walkPlpgsql(nesting: { readonly via?: string }, { span, facts, depth }: StatementScope): void {
    const parsed = this.#parser.parsePlpgsql(span.text);
    if (!parsed.ok) {
      facts.unknowns.push(unknown('unparsed-body', span, parsed.failure.message));
      return;
    }
    const body = readBody(parsed.value);
    if (body.controlsTransaction) facts.controlsTransaction = true;
    let from = span.unit.toTextOffset(span.start);
    for (const part of body.parts) {
      const unit = unitOfPart(span.unit, part, from, nesting);
      if (part.kind === 'statement') this.#walkText(unit, facts, depth + 1);
      else this.#walkText(unit.withPrefix('SELECT '), facts, depth + 1);
      if (part.kind === 'dynamic') this.#walkDynamic(unit, body, { facts, depth });
      from = Math.max(from, span.unit.sql.indexOf(part.sql, from));
    }
  }

  #walkDynamic(
    unit: SqlUnit,
    { variables }: PlpgsqlBody,
    { facts, depth }: Omit<StatementScope, 'span'>,
  ): void {
    for (const template of evaluateDynamicSql(this.#parser, unit.sql, variables)) {
      const found = newFacts();
      const isParsed = this.#walkText(unitOfTemplate(unit, template), found, depth + 1);
      const isDecided = found.findings.length > 0 || (template.isSafe && isParsed);
      addFacts(facts, isDecided ? found : { ...newFacts(), settings: found.settings, ddl: found.ddl });
      if (!isDecided)
        facts.unknowns.push(dynamicSql(unit, isParsed ? likelyEffect(found) : effectOfVerb(template.sql)));
    }
  }
}

/**
 * The parser returns `PERFORM …` as `SELECT …`, so the text of a part may differ from the text in the body.
 */
function unitOfPart(
  outer: SqlUnit,
  { kind, sql, inLoop }: BodyPart,
  from: number,
  nesting: { readonly via?: string },
): SqlUnit {
  const prefix = kind === 'statement' ? (/^SELECT\s+/.exec(sql)?.[0] ?? '') : '';
  const written = sql.slice(prefix.length);
  const isPerform =
    prefix !== '' && outer.sql.indexOf(sql, from) < 0 && outer.sql.indexOf(written, from) >= 0;
  return isPerform
    ? outer.inner(written, from, { ...nesting, inLoop }).withPrefix(prefix)
    : outer.inner(sql, from, { ...nesting, inLoop });
}

function unitOfTemplate(unit: SqlUnit, template: SqlTemplate): SqlUnit {
  const place = withoutOffset(unit.place);
  return new SqlUnit(unit.parser, template.sql, {
    ...place,
    fallback: unit.position(0),
    via: [...place.via, 'EXECUTE'],
    isDynamic: !template.isExact,
  });
}

function dynamicSql(unit: SqlUnit, likely: StatementEffect): Unknown {
  return {
    kind: 'dynamic-sql',
    position: unit.position(0),
    text: unit.sql,
    detail: 'EXECUTE runs a string that is built at run time',
    likely,
    via: unit.place.via,
  };
}

/** The language and source in the options of CREATE FUNCTION, CREATE PROCEDURE or DO. */
export function bodyOf(options: unknown): Partial<Body> {
  let language: string | undefined;
  let source: string | undefined;
  for (const option of nodesOf(options, 'DefElem')) {
    if (option['defname'] === 'language') language = text(option['arg'])?.toLowerCase();
    if (option['defname'] === 'as') source = sourceOf(option);
  }
  return { ...(language !== undefined && { language }), ...(source !== undefined && { source }) };
}

function sourceOf({ arg }: Json): string | undefined {
  return isObject(arg) ? (text(arg) ?? text(list(arg)[0])) : undefined;
}
