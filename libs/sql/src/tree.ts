export { loadParser } from './parser/sql-parser.js';
export type { ParseOutcome, RawStatement, RawToken, SqlParser } from './parser/sql-parser.js';
export {
  isObject,
  kindOf,
  list,
  locationOf,
  nameParts,
  nodeOf,
  nodesOf,
  text,
  visit,
  type Json,
} from './parser/parser-nodes.js';
