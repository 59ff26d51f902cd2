import type { Classification, ClassifyOptions } from 'nestjs-backfill-sql';

/** The functions of the classifier that the guard needs. */
export interface SqlClassifier {
  classify(sql: string, options?: ClassifyOptions): Classification;
  normalize(sql: string): string;
}
