export { loadClassifier, StatementClassifier } from './classification/statement-classifier.js';
export type {
  Classification,
  ClassifyOptions,
  DataFinding,
  DmlOperation,
  ParseFailure,
  Routine,
  RoutineCall,
  Statement,
  TextPosition,
  Unknown,
  WhereShape,
} from './classification/statement.types.js';
