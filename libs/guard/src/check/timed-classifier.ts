import type { Classification, ClassifyOptions, StatementClassifier } from 'nestjs-backfill-sql';
import type { SqlClassifier } from '../judge/reading/sql-classifier.js';

/** Measures how much of a check's time the classification of SQL takes. */
export class TimedClassifier implements SqlClassifier {
  readonly #classifier: StatementClassifier;
  #elapsedMs = 0;

  constructor(classifier: StatementClassifier) {
    this.#classifier = classifier;
  }

  get elapsedMs(): number {
    return this.#elapsedMs;
  }

  classify(sql: string, options?: ClassifyOptions): Classification {
    const start = performance.now();
    try {
      return this.#classifier.classify(sql, options);
    } finally {
      this.#elapsedMs += performance.now() - start;
    }
  }

  normalize(sql: string): string {
    return this.#classifier.normalize(sql);
  }
}
