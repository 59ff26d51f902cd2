import { tableFile } from '../../libs/backfill/src/ledger/pages/table-file.ts';

const stored = (table: string) => JSON.stringify({ table, tableId: '1', fileNode: '2' });

describe('the name of a table in the ledger', () => {
  it.each(['"public"."leads"', '"a ""quoted"" schema"."Leads, old"'])(
    'is used if it is quoted: %s',
    (table) => {
      expect(tableFile(stored(table))).toEqual({ table, tableId: '1', fileNode: '2' });
    },
  );

  it.each([
    'public.leads',
    '"leads"',
    '"public"."leads"; DROP TABLE leads',
    '"public"."leads" AS x, "public"."users"',
    '"public"."le"ads"',
    '',
  ])('is refused if it could be another part of a statement: %s', (table) => {
    expect(() => tableFile(stored(table))).toThrow('unexpected value in the column "table_name"');
  });

  it('is absent for a range of keys', () => {
    expect(tableFile(null)).toBeNull();
  });
});
