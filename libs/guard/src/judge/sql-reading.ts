import type { Classification, ClassifyOptions } from 'nestjs-backfill-sql';
import { isChunk } from '../evaluate/values/text-value.js';
import type { TextValue } from '../evaluate/values/value.types.js';
import {
  CANDIDATES,
  type PlacedHole,
  QUERY_CANDIDATE,
  type RenderedSql,
  placeHoles,
  render,
} from './sql-rendering.js';

/** What the classification of SQL needs to offer. */
export interface SqlClassifier {
  classify(sql: string, options?: ClassifyOptions): Classification;
  normalize(sql: string): string;
}

export interface SqlReading {
  readonly rendered: RenderedSql;
  readonly holes: readonly PlacedHole[];
  readonly classification: Classification;
  /** The code of a piece that may hold a statement of its own. */
  readonly openPiece?: string;
  /** No filling of the holes made PostgreSQL's parser accept it. */
  readonly unparsed: boolean;
}

const MAX_ATTEMPTS = 40;

/** Reads SQL that may have unknown pieces: each is filled with what its place allows, until PostgreSQL's parser accepts the whole. */
export function readSql(classifier: SqlClassifier, value: TextValue, options: ClassifyOptions): SqlReading {
  const holes = placeHoles(value);
  const choices: number[] = holes.map((placed) => (placed.place === 'statement' ? 1 : 0));
  const open = holes.find((placed) => placed.place === 'statement');
  let best = attempt(classifier, value, holes, choices, options);
  if (best.classification.failure && !holes.some(isVariable))
    best = retryParameters(classifier, value, holes, choices, options) ?? best;
  for (let tries = 1; best.classification.failure && tries < MAX_ATTEMPTS;) {
    const target = suspect(
      best.holeOffsets,
      best.classification.failure.position.offset,
      holes,
      choices,
      best.exhausted,
    );
    if (target === undefined) break;
    let improved: Attempt | undefined;
    let chosen = choices[target] ?? 0;
    for (let candidate = 0; candidate < CANDIDATES.length && tries < MAX_ATTEMPTS; candidate++) {
      if (candidate === choices[target]) continue;
      const trial = choices.with(target, candidate);
      const outcome = attempt(classifier, value, holes, trial, options);
      tries++;
      if (!isBetter(outcome, improved ?? best)) continue;
      improved = outcome;
      chosen = candidate;
      if (!outcome.classification.failure) break;
    }
    if (improved) {
      choices[target] = chosen;
      best = { ...improved, exhausted: new Set(best.exhausted) };
    }
    best.exhausted.add(target);
  }
  const query = holes.find((placed, index) => choices[index] === QUERY_CANDIDATE && placed.place === 'code');
  const openPiece = (open ?? query)?.hole.expression;
  return {
    rendered: best.rendered,
    holes,
    classification: best.classification,
    unparsed: best.classification.failure !== undefined,
    ...(openPiece === undefined ? {} : { openPiece }),
  };
}

interface Attempt {
  readonly rendered: RenderedSql;
  readonly holeOffsets: readonly number[];
  readonly classification: Classification;
  readonly exhausted: Set<number>;
}

function attempt(
  classifier: SqlClassifier,
  value: TextValue,
  holes: readonly PlacedHole[],
  choices: readonly number[],
  options: ClassifyOptions,
): Attempt {
  const rendered = render(value, holes, choices);
  return {
    rendered,
    holeOffsets: rendered.holeOffsets,
    classification: classifier.classify(rendered.sql, options),
    exhausted: new Set(),
  };
}

function isVariable(placed: PlacedHole): boolean {
  return placed.place === 'code' || placed.place === 'statement';
}

/** The parser got further behind the holes: what it complains of moved on. */
function isBetter(outcome: Attempt, than: Attempt): boolean {
  const { failure } = outcome.classification;
  const { failure: other } = than.classification;
  if (!failure || !other) return !failure;
  const rest = (attempted: Attempt, offset: number): number => attempted.rendered.sql.length - offset;
  return rest(outcome, failure.position.offset) < rest(than, other.position.offset);
}

/** The hole to fill otherwise: the last one before the complaint, then its neighbours. */
function suspect(
  offsets: readonly number[],
  complaint: number,
  holes: readonly PlacedHole[],
  choices: readonly number[],
  exhausted: ReadonlySet<number>,
): number | undefined {
  const open = holes
    .map((_, index) => index)
    .filter(
      (index) =>
        isVariable(holes[index] as PlacedHole) && !exhausted.has(index) && choices[index] !== undefined,
    );
  const before = open.filter((index) => (offsets[index] ?? 0) <= complaint);
  return before.at(-1) ?? open[0];
}

/** Drivers' own parameters, `:name` and `?`, are no SQL: they are read as PostgreSQL's. */
function retryParameters(
  classifier: SqlClassifier,
  value: TextValue,
  holes: readonly PlacedHole[],
  choices: readonly number[],
  options: ClassifyOptions,
): Attempt | undefined {
  const replaced: TextValue = {
    kind: 'text',
    parts: value.parts.map((part) => {
      if (!isChunk(part)) return part;
      // As long as before, so that positions stay right.
      const text = part.text
        .replace(/(?<![:\w]):(?:\.\.\.)?[A-Za-z_]\w*/g, (name) => '$1'.padEnd(name.length))
        .replace(/(?<=[\s(,=<>])\?(?=[\s),;]|$)/g, '0');
      return text === part.text ? part : { ...part, text };
    }),
  };
  const outcome = attempt(classifier, replaced, holes, choices, options);
  return outcome.classification.failure ? undefined : outcome;
}
