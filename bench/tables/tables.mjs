import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { buildCompact } from './compact.mjs';
import { buildGrown } from './grown.mjs';
import { buildWide } from './wide.mjs';

/**
 * A measured table.
 * @typedef {object} Table
 * @property {import('./leads.mjs').Key} key
 * @property {number} rows at full scale
 * @property {string} about for the report
 * @property {(client: import('pg').Client, rows: number) => Promise<void>} build creates the rows and indexes
 */

/** The tables of the headline, and the two of the server with much memory. */
export const TABLES = /** @satisfies {Record<string, Table>} */ ({
  bigint: {
    key: 'bigint',
    rows: 1_000_000,
    about: 'sequential bigint key and three more indexes, none of the written column',
    build: buildGrown({ key: 'bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY', moreIndexes: true }),
  },
  uuid: {
    key: 'uuid',
    rows: 2_500_000,
    about: 'random uuid key (version 4), its only index',
    build: buildGrown({ key: 'uuid PRIMARY KEY DEFAULT gen_random_uuid()' }),
  },
  uuid7: {
    key: 'uuid',
    rows: 2_500_000,
    about: 'uuid key of version 7, which grows with time, its only index',
    build: buildGrown({ key: 'uuid PRIMARY KEY DEFAULT uuidv7()' }),
  },
  wide: {
    key: 'bigint',
    rows: 300_000,
    about:
      'rows of 2 KB, a foreign key, a trigger that sets updated_at and one that fires on a change of status',
    build: buildWide,
  },
  leads: {
    key: 'bigint',
    rows: 1_000_000,
    about: 'short rows, bigint key and three more indexes',
    build: buildCompact({ moreIndexes: true }),
  },
  'leads, key alone': {
    key: 'bigint',
    rows: 1_000_000,
    about: 'short rows, bigint key, its only index',
    build: buildCompact({}),
  },
});

/** @typedef {keyof typeof TABLES} TableName */

/** The tables of the headline. */
export const HEADLINE_TABLES = /** @type {const} */ (['bigint', 'uuid', 'uuid7', 'wide']);

const SOURCES = ['compact.mjs', 'grown.mjs', 'wide.mjs', 'tables.mjs'];
const VERSION = SOURCES.reduce(
  (hash, file) => hash.update(readFileSync(new URL(file, import.meta.url))),
  createHash('sha256'),
)
  .digest('hex')
  .slice(0, 8);

/**
 * The name of the database that keeps a table. It changes with the code that builds tables, so that a kept
 * database never has an earlier form of its table.
 * @param {TableName} name
 * @param {number} rows
 */
export const templateName = (name, rows) =>
  `bench_${name.toLowerCase().replaceAll(/\W+/g, '_')}_${rows}_${VERSION}`;
