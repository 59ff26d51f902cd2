import { readFileSync, writeFileSync } from 'node:fs';
import { Backfill, OnlineIndex, SchemaMigration, type SetBackfill } from 'nestjs-backfill';
import { IsNull } from 'typeorm';
import { GrantsReader } from '../../libs/backfill/src/deploy/grants/grants.reader.ts';
import { TestApplication } from '../support/applications/application.ts';
import { TestDatabase } from '../support/server/database.ts';
import { CallLog, Contact, Lead, LEAD_TABLES } from '../support/tables/lead-tables.ts';

const PAGE = new URL('../../docs/rights.md', import.meta.url);
const EXAMPLE = /(## Example\n[\s\S]*?```sql\n)([\s\S]*?)(```)/;

@OnlineIndex<Lead>({ name: 'leads_name', entity: Lead, columns: ['name'] })
class LeadsByName {}
@Backfill<Lead>({ name: 'leads-search-name', entity: Lead, where: { searchName: IsNull() } })
class SearchName implements SetBackfill<Lead> {
  set() {
    return { searchName: 'lower(name)' };
  }
}
@Backfill<Lead>({ name: 'contacts-of-leads', entity: Lead, into: Contact, conflict: ['leadId'] })
class Contacts {
  copy() {
    return { leadId: '"this_row"."id"', label: '"this_row"."name"' };
  }
}
@Backfill<CallLog>({ name: 'test-calls', entity: CallLog, kind: 'purge', where: `direction = 'test'` })
class TestCalls {}
class Migration1700000000001 extends SchemaMigration {
  override async up(): Promise<void> {}
  override async down(): Promise<void> {}
}

/** `WRITE_PAGES=1 npm run jest -- test/docs/rights-docs` writes the page. */
it('the page of the rights has what --grants prints', async () => {
  const database = await TestDatabase.create();
  const application = await TestApplication.start({
    database,
    entities: LEAD_TABLES,
    backfills: [SearchName, Contacts, TestCalls],
    providers: [LeadsByName],
    migrations: [Migration1700000000001],
  });
  try {
    const reader = application.context.get(GrantsReader, { strict: false });
    const { grants } = await reader.read(['crm_deploy', 'crm']);
    const sql = (grants[0]?.sql ?? []).join('\n').replaceAll(database.name, 'crm');
    const page = readFileSync(PAGE, 'utf8');
    expect(page).toMatch(EXAMPLE);
    const expected = page.replace(
      EXAMPLE,
      (_, before: string, __, after: string) => `${before}${sql}\n${after}`,
    );
    if (process.env['WRITE_PAGES']) writeFileSync(PAGE, expected);
    expect(readFileSync(PAGE, 'utf8')).toBe(expected);
  } finally {
    await application.stop();
    await database.drop();
  }
});
