import { HEADLINE_TABLES, TABLES } from '../tables/tables.mjs';

/** Whether a user changes random rows meanwhile. @typedef {'none' | 'busy'} Users */
/**
 * One way on one table.
 * @typedef {object} Case
 * @property {import('../tables/tables.mjs').TableName} table
 * @property {import('../ways/ways.mjs').WayName} way
 * @property {Users} users
 * @property {number} rows
 * @property {string} [label] what is special: these cases are compared with each other, not with one UPDATE
 * @property {number} [addedRoundTripMs] the way reaches the server through a network that adds this
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

/** @param {Pick<Case, 'rows' | 'label' | 'addedRoundTripMs'>} rest @returns {Case} */
const special = (rest) => ({ table: 'uuid', way: 'library pause 0', users: 'none', ...rest });

const NETWORKS = [
  special({ label: 'round trip of 0.2 ms', addedRoundTripMs: 0, rows: TABLES.uuid.rows }),
  special({ label: 'round trip of 110 ms', addedRoundTripMs: 110, rows: TABLES.uuid.rows }),
];
/** These take long, so a run has them only with `--long`. */
const SIZES = [
  special({ label: '1,000,000 rows', rows: 1_000_000 }),
  special({ label: '10,000,000 rows', rows: 10_000_000 }),
];

/**
 * What the command line chooses. Without a choice, everything.
 * @typedef {object} Choice
 * @property {readonly import('../tables/tables.mjs').TableName[]} [tables]
 * @property {readonly import('../ways/ways.mjs').WayName[]} [ways] any ways, also those that a full run leaves out
 * @property {Users | 'both'} [users]
 * @property {RegExp} [only] matches names of cases
 * @property {'short' | 'full' | 'long'} [form] full by default
 */

/** @param {Pick<Case, 'table' | 'way' | 'users' | 'label'>} aCase */
export const nameOf = ({ table, way, users, label }) =>
  `${table}: ${way}${users === 'busy' ? ', with users' : ''}${label === undefined ? '' : `, ${label}`}`;

/**
 * The chosen cases, by table and users, then the special ones. One UPDATE is always among them.
 * @param {Choice} choice
 * @param {(rows: number) => number} size
 * @returns {Case[]}
 */
export function chosenCases(choice, size) {
  const { tables = HEADLINE_TABLES, ways, users = 'both', only, form = 'full' } = choice;
  const isChosen = (/** @type {Case} */ aCase) => !only || only.test(nameOf(aCase));
  /** @type {readonly Users[]} */
  const kinds = users === 'both' ? ['none', 'busy'] : [users];
  const usual = tables.flatMap((table) =>
    kinds.flatMap((kind) => {
      /** @type {readonly import('../ways/ways.mjs').WayName[]} */
      const names = ways ?? usualWays(table, kind, form);
      return withBaseline(
        names.map((way) => ({ table, way, users: kind, rows: size(TABLES[table].rows) })).filter(isChosen),
      );
    }),
  );
  if (ways || !tables.includes('uuid') || users === 'busy') return usual;
  const more = form === 'long' ? [...NETWORKS, ...SIZES] : NETWORKS;
  return [...usual, ...more.map((aCase) => ({ ...aCase, rows: size(aCase.rows) })).filter(isChosen)];
}

/**
 * The ways of a table in a run without `--ways`.
 * @param {import('../tables/tables.mjs').TableName} table
 * @param {Users} users
 * @param {NonNullable<Choice['form']>} form
 */
function usualWays(table, users, form) {
  if (form !== 'short' || (table === 'uuid' && users === 'none')) return WAYS_BY_USERS[users];
  return table === 'uuid' || users === 'none' ? SHORT_WAYS : [];
}

/** @param {Case[]} cases of one table @returns {Case[]} */
function withBaseline(cases) {
  const [first] = cases;
  if (!first || cases.some(({ way }) => way === BASELINE)) return cases;
  return [{ ...first, way: BASELINE }, ...cases];
}
