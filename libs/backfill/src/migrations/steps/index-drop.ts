import { randomUUID } from 'node:crypto';
import type { QueryRunner } from 'typeorm';
import { quoteLiteral } from '../../postgres/identifiers.js';
import { poolOptionsOf } from '../../postgres/session.opener.js';
import { SideConnection } from '../../postgres/side-connection.js';
import { unguarded } from '../guard/guard-context.js';
import { dataSourceOf } from '../guard/migration-guard.js';
import { settingsFor } from '../run/migration.settings.js';

/**
 * Drops an index while reads and writes go on. If it fails half-way, the error names the INVALID index that is left.
 *
 * @param index its quoted name
 */
export async function dropConcurrently(queryRunner: QueryRunner, index: string): Promise<void> {
  try {
    await queryRunner.query(dropStatement(index));
  } catch (error) {
    // With a lost connection it is not known.
    const isLeft = await isInvalid(queryRunner, index).catch(() => true);
    throw isLeft ? withLeftIndex(error, index) : error;
  }
}

/**
 * Drops the INVALID index of a build that has failed. It waits for other sessions only as long as the DDL policy allows,
 * because the error must be seen.
 *
 * @returns the error of the build, which also names the index if it could not be dropped
 */
export async function dropFailedBuild(
  queryRunner: QueryRunner,
  index: string,
  error: unknown,
): Promise<unknown> {
  try {
    if (await isInvalid(queryRunner, index)) await dropInTime(queryRunner, index);
    return error;
  } catch {
    return withLeftIndex(error, index);
  }
}

function dropStatement(index: string): string {
  return `DROP INDEX CONCURRENTLY IF EXISTS ${index}`;
}

async function isInvalid(queryRunner: QueryRunner, index: string): Promise<boolean> {
  const rows = (await queryRunner.query(
    `SELECT FROM pg_catalog.pg_index i
      WHERE i.indexrelid = pg_catalog.to_regclass(${quoteLiteral(index)})::pg_catalog.oid AND NOT i.indisvalid`,
  )) as unknown[];
  return rows.length > 0;
}

function withLeftIndex(error: unknown, index: string): Error {
  const result = error instanceof Error ? error : new Error(String(error), { cause: error });
  result.message = `${result.message.replace(/[.;]$/, '')}. The index ${index} may still be there, where it can refuse rows of the running application. Drop it now: ${dropStatement(index)};`;
  return result;
}

/** A statement is found by its comment: behind a pooler its server process is unknown. */
const CANCEL = `
  SELECT pg_catalog.pg_cancel_backend(a.pid) FROM pg_catalog.pg_stat_activity AS a
   WHERE a.datname = pg_catalog.current_database() AND a.backend_type = 'client backend' AND a.state = 'active'
     AND pg_catalog.starts_with(a.query, $1)`;

/** A `lock_timeout` would be one of the session, which a pooler gives to other clients too. */
async function dropInTime(queryRunner: QueryRunner, index: string): Promise<void> {
  const dataSource = dataSourceOf(queryRunner);
  const { lockTimeout } = settingsFor(dataSource).policy;
  const marker = `/* nestjs-backfill ${randomUUID()} */`;
  const cancel = () =>
    unguarded(() =>
      new SideConnection(poolOptionsOf(dataSource) ?? {}, lockTimeout).use((client) =>
        client.query(CANCEL, [marker]),
      ),
    );
  const timer = setInterval(() => void cancel().catch(() => undefined), lockTimeout);
  // As with `lock_timeout`, 0 is no limit.
  if (lockTimeout === 0) clearInterval(timer);
  try {
    await queryRunner.query(`${marker} ${dropStatement(index)}`);
  } finally {
    clearInterval(timer);
  }
}
