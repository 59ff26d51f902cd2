import { boundAt } from '../../../libs/backfill/src/backfills/batch/order/region.ts';
import type { RowSelection } from '../../../libs/backfill/src/backfills/batch/row-selection.ts';
import { findWindowEnd } from '../../../libs/backfill/src/backfills/run/range/sweep/window.ts';
import type { Session } from '../../../libs/backfill/src/postgres/session.ts';

describe('the end of a window of pages', () => {
  const selection = { file: { table: '"leads"', tableId: '1', fileNode: '2' } } as unknown as RowSelection;
  /** It sends no statement. */
  const session = {} as Session;

  it.each([
    ['is so many pages after the beginning of the table', null, null, boundAt(10)],
    ['is so many pages after the end of the one before', boundAt(5), null, boundAt(15)],
    ['is before the end of the range', boundAt(5), boundAt(16), boundAt(15)],
    ['is not known if it is the end of the range', boundAt(5), boundAt(15), null],
    ['is not known if it is beyond the end of the range', boundAt(5), boundAt(8), null],
  ])('%s', async (_, after, upTo, end) => {
    expect(await findWindowEnd(session, selection, { after, upTo, size: 10 })).toEqual(end);
  });
});
