import type { Classification, ClassifyOptions } from 'nestjs-backfill-sql';
import type { TextValue } from '../../evaluate/values/value.types.js';
import { withoutDriverParameters } from './driver-parameters.js';
import type { PlacedHole } from './holes.js';
import { CANDIDATES, render, type RenderedSql } from './rendered-sql.js';
import type { SqlClassifier } from './sql-classifier.js';

export interface Attempt {
  readonly rendered: RenderedSql;
  readonly classification: Classification;
  /** The index of the candidate in each hole. */
  readonly choices: readonly number[];
}

export interface HoleFillerOptions {
  readonly classifier: SqlClassifier;
  readonly value: TextValue;
  readonly holes: readonly PlacedHole[];
  readonly classify: ClassifyOptions;
}

const MAX_ATTEMPTS = 40;
const EMPTY_CANDIDATE = 1;

/** Tries candidates for the holes of a text until PostgreSQL's parser accepts the whole. */
export class HoleFiller {
  readonly #classifier: SqlClassifier;
  readonly #value: TextValue;
  readonly #holes: readonly PlacedHole[];
  readonly #classify: ClassifyOptions;
  /** Holes for which every candidate was tried. */
  readonly #exhausted = new Set<number>();
  #attempts = 0;

  constructor({ classifier, value, holes, classify }: HoleFillerOptions) {
    this.#classifier = classifier;
    this.#value = value;
    this.#holes = holes;
    this.#classify = classify;
  }

  /** @returns the first attempt that the parser accepts, or the one that it accepts furthest */
  fill(): Attempt {
    const choices = this.#holes.map(({ place }) => (place === 'statement' ? EMPTY_CANDIDATE : 0));
    const first = this.#attempt(this.#value, choices);
    if (!first.classification.failure) return first;
    return this.#holes.some(isVariable) ? this.#search(first) : this.#retryParameters(first);
  }

  #search(first: Attempt): Attempt {
    let best = first;
    while (best.classification.failure && this.#attempts < MAX_ATTEMPTS) {
      const target = this.#suspect(best, best.classification.failure.position.offset);
      if (target === undefined) break;
      best = this.#improve(best, target);
      this.#exhausted.add(target);
    }
    return best;
  }

  /** Tries the other candidates for one hole. */
  #improve(start: Attempt, target: number): Attempt {
    let best = start;
    for (let candidate = 0; candidate < CANDIDATES.length; candidate++) {
      if (this.#attempts >= MAX_ATTEMPTS || !best.classification.failure) break;
      if (candidate === start.choices[target]) continue;
      const outcome = this.#attempt(this.#value, start.choices.with(target, candidate));
      if (isBetter(outcome, best)) best = outcome;
    }
    return best;
  }

  #retryParameters(first: Attempt): Attempt {
    const retried = this.#attempt(withoutDriverParameters(this.#value), first.choices);
    return retried.classification.failure ? first : retried;
  }

  #attempt(value: TextValue, choices: readonly number[]): Attempt {
    this.#attempts++;
    const rendered = render(value, this.#holes, choices);
    return { rendered, choices, classification: this.#classifier.classify(rendered.sql, this.#classify) };
  }

  /** The hole to fill with something else: the last one before the parser's error, else the next one. */
  #suspect({ rendered: { holeOffsets } }: Attempt, errorOffset: number): number | undefined {
    const open = this.#holes.flatMap((placed, index) =>
      isVariable(placed) && !this.#exhausted.has(index) ? [index] : [],
    );
    return open.findLast((index) => (holeOffsets[index] ?? 0) <= errorOffset) ?? open[0];
  }
}

function isVariable({ place }: PlacedHole): boolean {
  return place === 'code' || place === 'statement';
}

/** The parser accepts more of the text: its error is closer to the end. */
function isBetter(outcome: Attempt, best: Attempt): boolean {
  const { failure } = outcome.classification;
  const { failure: bestFailure } = best.classification;
  if (!failure || !bestFailure) return !failure;
  return (
    outcome.rendered.sql.length - failure.position.offset <
    best.rendered.sql.length - bestFailure.position.offset
  );
}
