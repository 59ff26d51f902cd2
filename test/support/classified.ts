import { loadClassifier } from '../../libs/sql/src/classification/statement.classifier.ts';
import type { DataFinding, Statement } from '../../libs/sql/src/classification/statement.types.ts';

export const classifier = await loadClassifier();

/** @throws an error if PostgreSQL's parser rejects the text */
export function statementsOf(sql: string): readonly Statement[] {
  const { statements, failure } = classifier.classify(sql);
  if (failure) throw new Error(`${sql}: ${failure.message}`);
  return statements;
}

export function findingsOf(sql: string): readonly DataFinding[] {
  return statementsOf(sql).flatMap((statement) => statement.findings);
}
