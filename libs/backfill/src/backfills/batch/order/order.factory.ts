import type { RowSelection } from '../row-selection.js';
import { KeyOrder } from './key.order.js';
import { PageOrder } from './page.order.js';
import type { SweepOrder } from './sweep-order.js';

/** The order in which a sweep reads the rows of a selection. */
export function orderOf(selection: RowSelection): SweepOrder {
  return selection.file === null ? new KeyOrder(selection) : new PageOrder(selection);
}
