import type { CascadeReport } from './cascade-report.js';
import { formatQuantity } from '../text/quantity.format.js';

/** `2,000 rows of "public"."orders" deleted (orders_customer_fkey, ON DELETE CASCADE, no index)` */
export function formatCascade({ constraint, table, event, action, isIndexed, rows }: CascadeReport): string {
  const many = rows === null ? 'an unknown number of rows' : formatQuantity(rows, 'row');
  const verb = event === 'DELETE' && action === 'CASCADE' ? 'deleted' : 'changed';
  return `${many} of ${table} ${verb} (${constraint}, ON ${event} ${action}${isIndexed ? '' : ', no index'})`;
}
