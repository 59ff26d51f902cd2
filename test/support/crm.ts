import { DataSource, type DataSourceOptions } from 'typeorm';
import { CallLog } from '../../src/leads/call-log.entity.ts';
import { Lead } from '../../src/leads/lead.entity.ts';
import { Tenant } from '../../src/leads/tenant.entity.ts';
import { CreateCrm1751328000000 } from '../../src/migrations/1751328000000-create-crm.ts';
import { AddLastCallDirection1754006400000 } from '../../src/migrations/1754006400000-add-last-call-direction.ts';
import { AddSearchName1756684800000 } from '../../src/migrations/1756684800000-add-search-name.ts';
import type { TestDatabase } from './database.ts';

export function crmOptions({ url }: TestDatabase): DataSourceOptions {
  return {
    type: 'postgres',
    url,
    entities: [Tenant, Lead, CallLog],
    migrations: [CreateCrm1751328000000, AddLastCallDirection1754006400000, AddSearchName1756684800000],
  };
}

/** The example application's tables, empty. */
export async function createCrm(database: TestDatabase): Promise<void> {
  const dataSource = await new DataSource(crmOptions(database)).initialize();
  try {
    await dataSource.runMigrations();
  } finally {
    await dataSource.destroy();
  }
}
