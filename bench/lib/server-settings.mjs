import { totalmem } from 'node:os';

const MIB = 2 ** 20;
/** A quarter of the memory, as PostgreSQL's documentation recommends. */
const SHARED_BUFFERS = Math.floor(Math.max(128, Math.min(totalmem() / 4 / MIB, 4096)));

/** The servers that are measured. @typedef {'defaults' | 'friendly'} Profile */

/** @type {Record<Profile, Record<string, string>>} */
export const PROFILES = {
  /** PostgreSQL's defaults: small buffers, autovacuum, a checkpoint after each GB of WAL. */
  defaults: {},
  /** Much memory, and nothing that falls into one measurement and not into another. */
  friendly: {
    shared_buffers: `${SHARED_BUFFERS}MB`,
    // No checkpoint may fall into a measurement, because it would affect one way and not the other.
    max_wal_size: '16GB',
    checkpoint_timeout: '1h',
    // For the same reason autovacuum is off, except in the measurement of growth.
    autovacuum: 'off',
    max_connections: '60',
  },
};

/** A quick run only checks that everything works, so it does not wait for the disk. */
export const QUICK = { fsync: 'off' };
