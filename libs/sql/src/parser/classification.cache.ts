import type { Classification, ClassifyOptions } from '../classification/statement.types.js';

const MAX_TEXTS = 200;
const MAX_LENGTH = 4_000;

/**
 * The classifications of recent texts that depend on nothing but the text. A migration that waits for a lock
 * sends the same texts again at each attempt.
 */
export class ClassificationCache {
  readonly #byText = new Map<string, Classification>();

  read(sql: string, options: ClassifyOptions, classify: () => Classification): Classification {
    if (sql.length > MAX_LENGTH || dependsOnMore(options)) return classify();
    const known = this.#byText.get(sql);
    if (known) return known;
    const classification = classify();
    if (this.#byText.size >= MAX_TEXTS) {
      const [oldest = ''] = this.#byText.keys();
      this.#byText.delete(oldest);
    }
    this.#byText.set(sql, classification);
    return classification;
  }
}

function dependsOnMore({ routines, prepared, temporary }: ClassifyOptions): boolean {
  return (routines?.length ?? 0) + (prepared?.size ?? 0) + (temporary?.size ?? 0) > 0;
}
