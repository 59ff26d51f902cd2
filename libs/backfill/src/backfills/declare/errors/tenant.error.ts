import { BackfillError } from '../../../errors/backfill.error.js';

/** A run for single tenants was requested, but the backfill does not declare `tenant`. @publicApi */
export class TenantNotDeclaredError extends BackfillError {
  constructor(name: string) {
    super(`Backfill "${name}" cannot run for single tenants: it declares no tenant column.`, {
      subject: name,
      remedy: 'Declare it: `@Backfill({ tenant: "tenantId", … })`, or run the backfill without --tenant.',
    });
  }
}
