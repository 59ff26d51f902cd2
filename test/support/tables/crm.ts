import { DataSource, type DataSourceOptions } from 'typeorm';
import { CallLog } from '../../../src/leads/call-log.entity.ts';
import { Lead } from '../../../src/leads/lead.entity.ts';
import { Tenant } from '../../../src/leads/tenant.entity.ts';
import { CreateCrm1751328000000 } from '../../../src/migrations/1751328000000-create-crm.ts';
import { AddEmailVerified1752624000000 } from '../../../src/migrations/1752624000000-add-email-verified.ts';
import { AddLastCallDirection1754006400000 } from '../../../src/migrations/1754006400000-add-last-call-direction.ts';
import { AddSearchName1756684800000 } from '../../../src/migrations/1756684800000-add-search-name.ts';
import type { TestDatabase } from '../server/database.ts';

export function crmOptions({ url }: TestDatabase): DataSourceOptions {
  return {
    type: 'postgres',
    url,
    entities: [Tenant, Lead, CallLog],
    migrations: [
      CreateCrm1751328000000,
      AddEmailVerified1752624000000,
      AddLastCallDirection1754006400000,
      AddSearchName1756684800000,
    ],
  };
}

/**
 * Creates the empty tables of the example application, without the contract migration, which requires a
 * backfill.
 */
export async function createCrm(database: TestDatabase): Promise<void> {
  await migrateCrm(database, Object.values(crmOptions(database).migrations ?? {}));
}

/** Creates the empty tables of an earlier release. */
export async function migrateCrm(
  database: TestDatabase,
  migrations: NonNullable<DataSourceOptions['migrations']>,
): Promise<void> {
  const dataSource = await new DataSource({ ...crmOptions(database), migrations }).initialize();
  try {
    await dataSource.runMigrations();
  } finally {
    await dataSource.destroy();
  }
}
