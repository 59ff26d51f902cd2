import { Backfill, type BackfillOptions, type SetBackfill } from 'nestjs-backfill';
import { IsNull } from 'typeorm';
import type { TestDatabase } from '../support/server/database.ts';
import { Lead } from '../support/tables/lead-tables.ts';

/** A backfill that puts a lead with the name `poison` into the quarantine. */
export function searchName(options: Partial<BackfillOptions<Lead>> = {}): new () => object {
  @Backfill<Lead>({ name: 'search-name', entity: Lead, where: { searchName: IsNull() }, ...options })
  class SearchName implements SetBackfill<Lead> {
    set() {
      return { searchName: `lower(name) || (1 / (name <> 'poison')::int)::text` };
    }
  }
  return SearchName;
}

/** A second backfill on the same table. */
@Backfill<Lead>({ name: 'direction', entity: Lead, where: { lastCallDirection: IsNull() } })
export class Direction implements SetBackfill<Lead> {
  set() {
    return { lastCallDirection: `'none'` };
  }
}

/** The number of leads that are pending for one of the two backfills. */
export async function countPending(database: TestDatabase): Promise<number> {
  const rows = await database.query(
    'SELECT FROM leads WHERE search_name IS NULL OR last_call_direction IS NULL',
  );
  return rows.length;
}
