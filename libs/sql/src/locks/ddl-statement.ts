import type { Json } from '../parser/parser-nodes.js';
import type { TextPosition } from '../text/text-position.js';

/**
 * A definition, LOCK, SET or maintenance statement that runs, at any depth: in the text itself, a DO block, a
 * called routine, or EXECUTE.
 *
 * @publicApi
 */
export interface DdlStatement {
  /** The kind of its parse node. */
  readonly node: string;
  readonly fields: Json;
  readonly text: string;
  readonly position: TextPosition;
  readonly via: readonly string[];
  /** Its text has placeholders for names that are only known at run time. */
  readonly isDynamic: boolean;
}
