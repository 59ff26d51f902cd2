import { loadParser, type SqlParser } from '../parser/sql-parser.js';
import { normalizeSql } from '../parser/statement-tokens.js';
import { StatementWalker } from './statement.walker.js';
import { ClassificationCache } from '../parser/classification.cache.js';
import type { Classification, ClassifyOptions } from './statement.types.js';

/**
 * Loads PostgreSQL's parser (WebAssembly, about 50 ms) on the first call in a process.
 *
 * @example
 * const classifier = await loadClassifier();
 * const [statement] = classifier.classify('DELETE FROM leads').statements;
 * console.log(statement?.effect); // data
 *
 * @returns a classifier that works without further waiting
 * @publicApi
 */
export function loadClassifier(): Promise<StatementClassifier> {
  loading ??= loadParser().then((parser) => new StatementClassifier(parser));
  return loading;
}

let loading: Promise<StatementClassifier> | undefined;

/**
 * Decides what SQL texts do, with PostgreSQL's own grammar. It does not connect to a database, and the result
 * of a call does not depend on earlier calls. Create it with `loadClassifier()`.
 *
 * @publicApi
 */
export class StatementClassifier {
  readonly #cache = new ClassificationCache();
  readonly #parser: SqlParser;

  /** @internal use `loadClassifier()` */
  constructor(parser: SqlParser) {
    this.#parser = parser;
  }

  /**
   * Parses a text and classifies each of its statements, including what runs inside them: CTEs, DO blocks,
   * bodies of routines that the text creates and calls, and strings that EXECUTE runs.
   *
   * Never throws for a text that cannot be parsed: the result then has a `failure` and no statements.
   */
  classify(sql: string, options: ClassifyOptions = {}): Classification {
    return this.#cache.read(sql, options, () => new StatementWalker(this.#parser, options).classify(sql));
  }

  /**
   * The text in a normal form for fingerprints: it is equal for texts that differ only in formatting, case
   * and comments.
   */
  normalize(sql: string): string {
    return normalizeSql(this.#parser, sql);
  }
}
