import { readFileSync, writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { DataSource } from 'typeorm';
import { installLedger } from '../../libs/backfill/src/ledger/ledger.installer.ts';
import { Session } from '../../libs/backfill/src/postgres/session.ts';
import { ledgerPage } from '../../scripts/site/ledger-page.mjs';
import { TestDatabase } from '../support/server/database.ts';

const PAGE = new URL('../../docs/ledger.md', import.meta.url);

/** `WRITE_PAGES=1 npm run jest -- test/docs/ledger-docs` writes the page. */
it('the page of the ledger has every table, view and column of an installed ledger', async () => {
  const database = await TestDatabase.create();
  const dataSource = await new DataSource({ type: 'postgres', url: database.url }).initialize();
  try {
    const session = await Session.open(dataSource);
    await installLedger(session, 'nestjs_backfill');
    await session.close();
    const columns = await database.query<Parameters<typeof ledgerPage>[0][number]>(`
      SELECT c.relname AS relation, c.relkind AS kind, a.attname AS column, format_type(a.atttypid, a.atttypmod) AS type
      FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      WHERE c.relnamespace = 'nestjs_backfill'::regnamespace AND c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition
      ORDER BY c.relkind, c.relname, a.attnum`);
    const options = { ...(await resolveConfig(PAGE.pathname)), filepath: PAGE.pathname };
    const page = await format(ledgerPage(columns), options);
    if (process.env['WRITE_PAGES']) writeFileSync(PAGE, page);
    expect(readFileSync(PAGE, 'utf8')).toBe(page);
  } finally {
    await dataSource.destroy();
    await database.drop();
  }
});
