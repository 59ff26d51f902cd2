import { readFileSync } from 'node:fs';
import type { DataSourceOptions } from 'typeorm';
import { CallLog } from './leads/call-log.entity.js';
import { Lead } from './leads/lead.entity.js';
import { Tenant } from './leads/tenant.entity.js';
import { CreateCrm1751328000000 } from './migrations/1751328000000-create-crm.js';
import { AddEmailVerified1752624000000 } from './migrations/1752624000000-add-email-verified.js';
import { AddLastCallDirection1754006400000 } from './migrations/1754006400000-add-last-call-direction.js';
import { AddSearchName1756684800000 } from './migrations/1756684800000-add-search-name.js';
import { RequireLastCallDirection1759276800000 } from './migrations/1759276800000-require-last-call-direction.js';

/** Contains the URL of the demo's database while its server runs. */
const DEMO_URL_FILE = new URL('../.data/database-url', import.meta.url);

export class NoDatabaseError extends Error {
  constructor() {
    super(
      'No database: set DATABASE_URL, or keep the demo’s server running with `npm run demo -- --keep-running`.',
    );
    this.name = 'NoDatabaseError';
    // The message is complete; a stack trace would not help.
    this.stack = `${this.name}: ${this.message}`;
  }
}

/** @throws NoDatabaseError */
function databaseUrl(): string {
  const given = process.env['DATABASE_URL'];
  if (given) return given;
  try {
    return readFileSync(DEMO_URL_FILE, 'utf8').trim();
  } catch {
    throw new NoDatabaseError();
  }
}

/** Read for each connection, so that a password may be rotated while the application runs. */
function passwordFromFile(): { readonly password?: () => string } {
  const file = process.env['DATABASE_PASSWORD_FILE'];
  return file === undefined ? {} : { password: () => readFileSync(file, 'utf8').trim() };
}

export function dataSourceOptions(): DataSourceOptions {
  return {
    type: 'postgres',
    url: databaseUrl(),
    ...passwordFromFile(),
    applicationName: 'crm',
    entities: [Tenant, Lead, CallLog],
    migrations: [
      CreateCrm1751328000000,
      AddEmailVerified1752624000000,
      AddLastCallDirection1754006400000,
      AddSearchName1756684800000,
      RequireLastCallDirection1759276800000,
    ],
  };
}
