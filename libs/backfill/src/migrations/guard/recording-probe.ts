import type { DataSource } from 'typeorm';
import { schemaOption } from '../../data-sources/data-source.schema.js';
import { quotePath } from '../../postgres/identifiers.js';
import { type SendQuery, takenBack, type WrittenTable } from './row-counters.js';

/** TypeORM's row of a migration, which TypeORM writes or deletes after `up()` or `down()` has ended. */
export interface MigrationRecord {
  /** Quoted name of TypeORM's table. */
  readonly table: string;
  readonly name: string;
  readonly direction: 'up' | 'down';
}

/** Whether a trigger or rule runs when TypeORM records the migration. The parameter is the table. */
export function hasHooks(parameter: string): string {
  const table = `pg_catalog.to_regclass(${parameter})::pg_catalog.oid`;
  return `(EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE t.tgrelid = ${table} AND NOT t.tgisinternal)
        OR EXISTS (SELECT FROM pg_catalog.pg_rewrite r WHERE r.ev_class = ${table})) AS hooked`;
}

/**
 * Records the migration as TypeORM will do, observes what triggers and rules write meanwhile, and takes
 * everything back.
 *
 * @param written the tables that were written in this transaction
 */
export async function probeRecording(
  query: SendQuery,
  { table, name, direction }: MigrationRecord,
  written: () => Promise<readonly WrittenTable[]>,
): Promise<readonly WrittenTable[]> {
  return takenBack(query, async () => {
    await (direction === 'up'
      ? query(`INSERT INTO ${table} ("timestamp", "name") VALUES ($1, $2)`, [timestampOf(name), name])
      : query(`DELETE FROM ${table} WHERE "name" = $1`, [name]));
    // Deferred triggers run now instead of at the commit.
    await query('SET CONSTRAINTS ALL IMMEDIATE');
    return written();
  });
}

/** TypeORM takes the time from the name. */
function timestampOf(name: string): number {
  return Number(name.slice(-13)) || 0;
}

/** TypeORM's own tables, with their schema. */
export function bookkeepingTables(dataSource: DataSource): readonly string[] {
  return [migrationsTableOf(dataSource), dataSource.metadataTableName].map((name) =>
    [schemaOf(dataSource, name), name].filter((part) => part !== undefined).join('.'),
  );
}

/** The quoted name of TypeORM's table of migrations. */
export function migrationsTablePath(dataSource: DataSource): string {
  const name = migrationsTableOf(dataSource);
  return quotePath(...[schemaOf(dataSource, name), ...name.split('.')].filter((part) => part !== undefined));
}

function migrationsTableOf({ options }: DataSource): string {
  return options.migrationsTableName ?? 'migrations';
}

/** TypeORM's driver knows its schema, or the current schema of the first connection. */
function schemaOf({ driver, options }: DataSource, name: string): string | undefined {
  const written = schemaOption({ options });
  return name.includes('.') ? written : (written ?? (driver as { readonly schema?: string }).schema);
}
