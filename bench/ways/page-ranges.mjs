import { EXPRESSION } from '../tables/leads.mjs';

/**
 * The table's pages in order, some in each UPDATE, up to the length of the file at the start. Commits do not
 * wait for the disk, as in the library.
 * @param {number} pages of each UPDATE
 * @returns {import('./ways.mjs').Way['run']}
 */
export const pageRanges =
  (pages) =>
  async ({ client }) => {
    await client.query('SET synchronous_commit = off');
    const { rows } = await client.query(
      `SELECT (pg_relation_size('leads') / current_setting('block_size')::int)::int AS pages`,
    );
    for (let first = 0; first < rows[0].pages; first += pages) {
      await client.query({
        name: 'page-range',
        text: `UPDATE leads SET search_name = ${EXPRESSION} WHERE ctid >= $1::tid AND ctid < $2::tid AND search_name IS NULL`,
        values: [`(${first},0)`, `(${first + pages},0)`],
      });
    }
  };
