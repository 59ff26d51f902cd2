import { Backfill, type SetBackfill } from 'nestjs-backfill';
import { Lead, LEAD_TABLES, resetLeads } from '../../../support/tables/lead-tables.ts';
import { LockHolder } from '../../../support/server/lock-holder.ts';
import { Stage } from '../../../support/applications/stage.ts';

/** Rows of each tenant. */
export const SIZES = { small: 6, large: 40, medium: 12 };
/** All rows, including three without a tenant. */
export const ALL = 6 + 40 + 12 + 3;

class SetSearchName implements SetBackfill<Lead> {
  set() {
    return { searchName: 'name' };
  }
}

const options = {
  entity: Lead,
  where: 'search_name IS NULL',
  tenant: 'tenantId',
  batchSize: 5,
  order: 'key',
} as const;

@Backfill<Lead>({ ...options, name: 'smallest-first', tenantOrder: 'smallest-first' })
class SmallestFirst extends SetSearchName {}

@Backfill<Lead>({ ...options, name: 'listed-first', tenantOrder: ['medium', 'small'] })
class ListedFirst extends SetSearchName {}

@Backfill<Lead>({ ...options, name: 'round-robin', tenantOrder: 'round-robin' })
class RoundRobin extends SetSearchName {}

@Backfill<Lead>({ ...options, name: 'one-at-a-time', tenantOrder: ['small', 'medium'] })
class OneAtATime extends SetSearchName {}

@Backfill<Lead>({ ...options, name: 'two-at-once', tenantOrder: ['small', 'medium'], maxWorkers: 2 })
class TwoAtOnce extends SetSearchName {}

@Backfill<Lead>({ ...options, name: 'canary-waits', canary: { tenants: ['medium'], then: 'wait' } })
class CanaryWaits extends SetSearchName {}

@Backfill<Lead>({ ...options, name: 'canary-continues', canary: { tenants: ['large'], then: 'continue' } })
class CanaryContinues extends SetSearchName {}

/** A stage whose leads have one of three tenants, or none. The leads are inserted again before each test. */
export function orderedLeads() {
  const stage = Stage.for({
    entities: LEAD_TABLES,
    backfills: [SmallestFirst, ListedFirst, RoundRobin, OneAtATime, TwoAtOnce, CanaryWaits, CanaryContinues],
    module: { leaseDuration: 1_500 },
    prepare: (database) =>
      database.query(`CREATE TABLE changes (at int GENERATED ALWAYS AS IDENTITY, tenant text);
        CREATE FUNCTION note_change() RETURNS trigger LANGUAGE plpgsql AS $$
          BEGIN INSERT INTO changes (tenant) VALUES (coalesce(new.tenant_id, 'nobody')); RETURN NULL; END $$;
        CREATE TRIGGER note_change AFTER UPDATE ON leads FOR EACH ROW EXECUTE FUNCTION note_change();
        CREATE FUNCTION wait_for_test() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
          PERFORM pg_advisory_xact_lock_shared(15); RETURN NEW; END $$;
        CREATE TRIGGER wait_for_test BEFORE UPDATE ON leads FOR EACH ROW WHEN (NEW.tenant_id = 'small') EXECUTE FUNCTION wait_for_test()`),
  });
  beforeEach(async () => {
    await resetLeads(stage.database);
    await stage.query('TRUNCATE changes');
    for (const [tenant, size] of [...Object.entries(SIZES), [null, 3] as const]) {
      await stage.query(
        `INSERT INTO leads (tenant_id, name) SELECT $1, 'Lead' FROM generate_series(1, $2::int)`,
        [tenant, size],
      );
    }
  });

  /** The tenants in the order in which their last row was changed. */
  const finished = async () =>
    (
      await stage.query<{ tenant: string }>('SELECT tenant FROM changes GROUP BY tenant ORDER BY max(at)')
    ).map(({ tenant }) => tenant);
  /** Blocks the changes of the tenant `small` until it is released. */
  const blockTenantSmall = () => LockHolder.hold(stage.database, 'SELECT pg_advisory_xact_lock(15)');
  const pending = () => stage.value('SELECT count(*) FROM leads WHERE search_name IS NULL');

  return { stage, finished, blockTenantSmall, pending };
}
