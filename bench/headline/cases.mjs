import { HEADLINE_TABLES, TABLES } from '../tables/tables.mjs';

/** Whether a user changes random rows meanwhile. @typedef {'none' | 'busy'} Users */
/**
 * One way on one table.
 * @typedef {object} Case
 * @property {import('../tables/tables.mjs').TableName} table
 * @property {import('../ways/ways.mjs').WayName} way
 * @property {Users} users
 * @property {number} rows
 */

/** Every result is a ratio against this way, on the same table, with the same users, in the same run. */
export const BASELINE = 'one UPDATE';

/** @satisfies {Record<Users, readonly import('../ways/ways.mjs').WayName[]>} */
const WAYS_BY_USERS = /** @type {const} */ ({
  none: [
    BASELINE,
    'library pause 0',
    'library 2 workers',
    'library defaults',
    'library transform',
    'TID ranges of 64 pages',
    "pgroll's way",
    "online_migrations' way, no pause",
    'hand-written loop',
  ],
  busy: [BASELINE, 'library pause 0', 'library 2 workers', 'library defaults', "pgroll's way"],
});

/** A short form shows that every way and every table works: each of them once. */
const SHORT_WAYS = /** @type {const} */ ([BASELINE, 'library defaults']);

/**
 * The ways of a table in a run without `--ways`.
 * @param {import('../tables/tables.mjs').TableName} table
 * @param {Users} users
 * @param {'full' | 'short'} form
 */
function usualWays(table, users, form) {
  if (form === 'full' || (table === 'uuid' && users === 'none')) return WAYS_BY_USERS[users];
  return table === 'uuid' || users === 'none' ? SHORT_WAYS : [];
}

/**
 * What the command line chooses. Without a choice, everything.
 * @typedef {object} Choice
 * @property {readonly import('../tables/tables.mjs').TableName[]} [tables]
 * @property {readonly import('../ways/ways.mjs').WayName[]} [ways] any ways, also those that a full run leaves out
 * @property {Users | 'both'} [users]
 * @property {RegExp} [only] matches names of cases
 * @property {'full' | 'short'} [form] full by default
 */

/** @param {Pick<Case, 'table' | 'way' | 'users'>} aCase */
export const nameOf = ({ table, way, users }) => `${table}: ${way}${users === 'busy' ? ', with users' : ''}`;

/**
 * The chosen cases, by table and users. One UPDATE is always among them.
 * @param {Choice} choice
 * @param {(rows: number) => number} size
 * @returns {Case[]}
 */
export function chosenCases({ tables = HEADLINE_TABLES, ways, users = 'both', only, form = 'full' }, size) {
  /** @type {readonly Users[]} */
  const kinds = users === 'both' ? ['none', 'busy'] : [users];
  return tables.flatMap((table) =>
    kinds.flatMap((kind) => {
      const found = (ways ?? usualWays(table, kind, form))
        .map((way) => ({ table, way, users: kind, rows: size(TABLES[table].rows) }))
        .filter((aCase) => !only || only.test(nameOf(aCase)));
      if (found.length === 0 || found.some(({ way }) => way === BASELINE)) return found;
      const [first] = found;
      return first ? [{ ...first, way: BASELINE }, ...found] : [];
    }),
  );
}
