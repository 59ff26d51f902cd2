import { EXPRESSION } from './leads.mjs';

/** @typedef {{ client: import('pg').Client }} BenchDatabase */

/**
 * One UPDATE of the whole table: the least work for one connection, and the longest locks.
 * @param {BenchDatabase} database
 */
export async function oneUpdate({ client }) {
  await client.query(`UPDATE leads SET search_name = ${EXPRESSION} WHERE search_name IS NULL`);
}

/**
 * The loop that is often written by hand: the first 200 pending rows, repeatedly.
 * @param {BenchDatabase} database
 */
export async function predicateOnlyLoop({ client }) {
  for (;;) {
    const { rowCount } = await client.query(
      `WITH batch AS (SELECT id FROM leads WHERE search_name IS NULL LIMIT 200 FOR UPDATE SKIP LOCKED)
       UPDATE leads SET search_name = ${EXPRESSION} FROM batch WHERE leads.id = batch.id`,
    );
    if (rowCount === 0) return;
  }
}

/**
 * pgroll's way, after its description: batches of 1,000 in primary-key order, each locked with FOR NO KEY
 * UPDATE, which waits for locked rows. The trigger that computes the value of each row is left out, which
 * makes pgroll faster here.
 * https://github.com/xataio/pgroll/blob/main/docs/tutorial.md
 * @param {BenchDatabase} database
 */
export async function pgrollWay({ client }) {
  let after = '0';
  for (;;) {
    const { rows } = await client.query({
      name: 'pgroll',
      text: `WITH batch AS (SELECT id FROM leads WHERE id > $1 ORDER BY id LIMIT 1000 FOR NO KEY UPDATE),
         done AS (UPDATE leads SET search_name = ${EXPRESSION} FROM batch WHERE leads.id = batch.id RETURNING leads.id)
         SELECT max(id)::text AS last FROM done`,
      values: [after],
    });
    if (rows[0].last === null) return;
    after = rows[0].last;
  }
}

/**
 * online_migrations' way, after its description: ranges of 1,000 rows by primary key, in sub-batches of 100,
 * each an UPDATE between two keys, with a pause after each. The record of each range and the minute between
 * two runs of its scheduler are left out, which makes it faster here.
 * https://github.com/fatkodima/online_migrations/blob/master/docs/background_data_migrations.md
 * @param {number} pause milliseconds
 * @param {number} [maxRows] stops after this many rows
 * @returns {(database: BenchDatabase) => Promise<void>}
 */
export const onlineMigrationsWay =
  (pause, maxRows = Infinity) =>
  async ({ client }) => {
    /**
     * The key `size` rows after `from`; `end` if there are fewer rows.
     * @param {string} from
     * @param {string | null} end
     * @param {number} size
     */
    const bounds = async (from, end, size) => {
      const { rows } = await client.query({
        name: 'bounds',
        text: `SELECT id::text AS key FROM leads WHERE id >= $1 AND ($2::bigint IS NULL OR id < $2) ORDER BY id OFFSET $3 LIMIT 1`,
        values: [from, end, size],
      });
      return rows[0]?.key ?? end;
    };
    let done = 0;
    /** @type {string | null} */
    let from = '0';
    while (from !== null && done < maxRows) {
      const rangeEnd = await bounds(from, null, 1000);
      /** @type {string | null} */
      let at = from;
      while (at !== rangeEnd && at !== null && done < maxRows) {
        /** @type {string | null} */
        const next = await bounds(at, rangeEnd, 100);
        const { rowCount } = await client.query({
          name: 'sub-batch',
          text: `UPDATE leads SET search_name = ${EXPRESSION}
            WHERE id >= $1 AND ($2::bigint IS NULL OR id < $2) AND search_name IS NULL`,
          values: [at, next],
        });
        done += rowCount ?? 0;
        if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
        at = next;
      }
      from = rangeEnd;
    }
  };
