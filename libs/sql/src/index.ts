export { loadClassifier, StatementClassifier } from './classification/statement.classifier.js';
export type {
  Classification,
  ClassifyOptions,
  DataFinding,
  DmlOperation,
  Routine,
  RoutineCall,
  Statement,
  Unknown,
  WhereShape,
} from './classification/statement.types.js';
export type { ParseFailure } from './parser/sql-parser.js';
export type { TextPosition } from './text/text-position.js';
