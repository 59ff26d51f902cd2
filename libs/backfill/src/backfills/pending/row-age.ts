import type { Key } from '../../ledger/range.js';
import { boolean, text } from '../../postgres/decoders.js';
import type { Session } from '../../postgres/session.js';
import { applyPolicy } from '../../postgres/timeout-policy.js';
import type { RowSelection } from '../batch/row-selection.js';
import { ROW } from '../definition/definition.js';

/** The ID that the server gives to its next transaction (`xid8`). */
export async function nextTransactionId(session: Session): Promise<string> {
  const { last } = await session.send([
    { text: 'SELECT pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::text' },
  ]);
  return last.value(text);
}

/**
 * Whether the current version of the row was written by a transaction with an ID before `xid`. False if the row does
 * not exist.
 */
export async function isOlderThan(
  session: Session,
  selection: RowSelection,
  { key, xid }: { readonly key: Key; readonly xid: string },
): Promise<boolean> {
  const parameters = selection.parameters();
  const limit = parameters.add(xid, 'xid8');
  const result = await session.query(applyPolicy(selection.definition.pace), {
    // The predicate is part of the query because PostgreSQL cannot infer the type of an unused parameter.
    text: `SELECT pg_catalog.age(${ROW}.xmin) > pg_catalog.age(${limit}::xid) FROM ${selection.fromKeys([key], parameters)}
      WHERE ${selection.isPending(parameters)}`,
    values: parameters.values,
  });
  return result.firstValue(boolean) ?? false;
}
