import { BEFORE_FIRST, EXPRESSION } from '../tables/leads.mjs';

/** @typedef {import('./ways.mjs').WayDatabase} WayDatabase */

const never = () => false;

/**
 * One UPDATE of the whole table: the least work for one connection, and the longest locks.
 * @param {WayDatabase} database
 */
export async function oneUpdate({ client }) {
  await client.query(`UPDATE leads SET search_name = ${EXPRESSION} WHERE search_name IS NULL`);
}

/**
 * The loop that is often written by hand: the first 200 pending rows, repeatedly.
 * @param {WayDatabase} database
 */
export async function predicateOnlyLoop({ client, isLate = never }) {
  while (!isLate()) {
    const { rowCount } = await client.query(
      `WITH batch AS (SELECT id FROM leads WHERE search_name IS NULL LIMIT 200 FOR UPDATE SKIP LOCKED)
       UPDATE leads SET search_name = ${EXPRESSION} FROM batch WHERE leads.id = batch.id`,
    );
    if (rowCount === 0) return;
  }
}

/**
 * The other loop that is often written by hand: an UPDATE of the rows that a subquery with a LIMIT finds.
 * @param {WayDatabase} database
 */
export async function handWrittenLoop({ client, isLate = never }) {
  while (!isLate()) {
    const { rowCount } = await client.query(
      `UPDATE leads SET search_name = ${EXPRESSION}
       WHERE id IN (SELECT id FROM leads WHERE search_name IS NULL LIMIT 1000)`,
    );
    if (rowCount === 0) return;
  }
}

/**
 * pgroll's way, after its description: batches of 1,000 in primary-key order, each locked with FOR NO KEY
 * UPDATE, which waits for locked rows. The trigger that computes the value of each row is left out, which
 * makes pgroll faster here.
 * https://github.com/xataio/pgroll/blob/main/docs/tutorial.md
 * @param {WayDatabase} database
 */
export async function pgrollWay({ client, key, isLate = never }) {
  let after = BEFORE_FIRST[key];
  while (!isLate()) {
    const { rows } = await client.query({
      name: 'pgroll',
      text: `WITH batch AS (SELECT id FROM leads WHERE id > $1 ORDER BY id LIMIT 1000 FOR NO KEY UPDATE),
         done AS (UPDATE leads SET search_name = ${EXPRESSION} FROM batch WHERE leads.id = batch.id RETURNING leads.id)
         SELECT id::text AS last FROM done ORDER BY done.id DESC LIMIT 1`,
      values: [after],
    });
    const [last] = rows;
    if (last === undefined) return;
    after = last.last;
  }
}

/**
 * online_migrations' way, after its description: ranges of 1,000 rows by primary key, in sub-batches of 100,
 * each an UPDATE between two keys, with a pause after each. The record of each range and the minute between
 * two runs of its scheduler are left out, which makes it faster here.
 * https://github.com/fatkodima/online_migrations/blob/master/docs/background_data_migrations.md
 * @param {number} pause milliseconds
 * @param {number} [maxRows] stops after this many rows
 * @returns {(database: WayDatabase) => Promise<void>}
 */
export const onlineMigrationsWay =
  (pause, maxRows = Infinity) =>
  async ({ client, key, isLate = never }) => {
    /**
     * The key `size` rows after `from`; `end` if there are fewer rows.
     * @param {string} from
     * @param {string | null} end
     * @param {number} size
     */
    const bounds = async (from, end, size) => {
      const { rows } = await client.query(
        `SELECT id::text AS key FROM leads WHERE ${between(from, end)} ORDER BY id OFFSET ${size} LIMIT 1`,
      );
      return rows[0]?.key ?? end;
    };
    let done = 0;
    /** @type {string | null} */
    let from = BEFORE_FIRST[key];
    while (from !== null && done < maxRows && !isLate()) {
      const rangeEnd = await bounds(from, null, 1000);
      /** @type {string | null} */
      let at = from;
      while (at !== rangeEnd && at !== null && done < maxRows) {
        /** @type {string | null} */
        const next = await bounds(at, rangeEnd, 100);
        const { rowCount } = await client.query(
          `UPDATE leads SET search_name = ${EXPRESSION} WHERE ${between(at, next)} AND search_name IS NULL`,
        );
        done += rowCount ?? 0;
        if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
        at = next;
      }
      from = rangeEnd;
    }
  };

/** Keys of the table's own rows, so they need no quoting. @param {string} from @param {string | null} end */
const between = (from, end) => `id >= '${from}'${end === null ? '' : ` AND id < '${end}'`}`;
