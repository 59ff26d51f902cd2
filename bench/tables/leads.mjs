import { EntitySchema } from 'typeorm';

/**
 * Every measured table is named `leads` and has these columns, so every way runs on every table.
 * @param {Key} key
 */
const lead = (key) =>
  new EntitySchema({
    name: 'Lead',
    tableName: 'leads',
    columns: {
      id: { type: key, primary: true, generated: key === 'uuid' ? 'uuid' : 'increment' },
      firstName: { type: 'text', name: 'first_name' },
      lastName: { type: 'text', name: 'last_name' },
      searchName: { type: 'text', name: 'search_name', nullable: true },
    },
  });

/** The type of the primary key. @typedef {'bigint' | 'uuid'} Key */

/** The entity by the type of its key. */
export const ENTITIES = { bigint: lead('bigint'), uuid: lead('uuid') };

/** A key that comes before every row. */
export const BEFORE_FIRST = { bigint: '0', uuid: '00000000-0000-0000-0000-000000000000' };

/** The new value that every way computes. */
export const EXPRESSION = `lower(first_name || ' ' || last_name)`;

/**
 * @param {import('pg').Client} client
 * @returns {Promise<number>} pending rows
 */
export async function pendingLeads(client) {
  const { rows } = await client.query('SELECT count(*)::int AS pending FROM leads WHERE search_name IS NULL');
  return rows[0].pending;
}

/**
 * @param {import('pg').Client} client
 * @returns {Promise<number>} bytes of the table and its indexes
 */
export async function sizeOfLeads(client) {
  const { rows } = await client.query(`SELECT pg_total_relation_size('leads')::float8 AS bytes`);
  return rows[0].bytes;
}
