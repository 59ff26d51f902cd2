import type { DataSource } from 'typeorm';
import { quoteIdentifier } from '../postgres/identifiers.js';

/** Drops the ledger of a rehearsal, which no other run uses. */
export async function dropLedger(dataSource: DataSource, schema: string): Promise<void> {
  await dataSource.query(`DROP SCHEMA IF EXISTS ${quoteIdentifier(schema)} CASCADE`);
}

/** Ends the leases of a run that was killed, as their expiry does later. */
export async function expireLeases(dataSource: DataSource, schema: string): Promise<void> {
  await dataSource.query(
    `UPDATE ${quoteIdentifier(schema)}.range
      SET lease_owner = NULL, lease_expires_at = NULL, fencing_token = fencing_token + 1 WHERE lease_owner IS NOT NULL`,
  );
}
