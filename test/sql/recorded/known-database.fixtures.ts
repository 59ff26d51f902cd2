import type { ColumnType, KnownColumn, KnownTable, LockCatalog } from 'nestjs-backfill-sql';

const type = (name: string, ...modifiers: readonly number[]): ColumnType => ({
  name,
  modifiers,
  isArray: false,
});

const table = (facts: Partial<KnownTable>, columns: Readonly<Record<string, KnownColumn>> = {}) => ({
  ...facts,
  columns: new Map(Object.entries(columns)),
});

const TABLES: Readonly<Record<string, KnownTable | null>> = {
  leads: table(
    { isSmall: false, hasCheck: true },
    {
      id: { type: type('int4'), notNull: true, isIndexed: true, isChecked: false },
      name: { type: type('varchar', 20), notNull: true, isIndexed: false, isChecked: false },
      code: { type: type('varchar', 20), notNull: false, isIndexed: true, isChecked: true },
      checked: { type: type('text'), provenBy: ['leads_checked'], isIndexed: false, isChecked: true },
      at: { type: type('timestamp', 3), notNull: false, isIndexed: true, isChecked: false },
    },
  ),
  calls: table({ isSmall: false }, { id: { type: type('int8'), notNull: true } }),
  plans: table({ isSmall: true, isPartitioned: false }, { id: { type: type('int4'), notNull: true } }),
  parts: table({ isSmall: false, isPartitioned: true, defaultPartition: { name: 'parts_rest' } }),
  parts_rest: table({ isSmall: false, hasCheck: false }),
  proven: table({ isSmall: false, isPartitioned: true, defaultPartition: { name: 'proven_rest' } }),
  proven_rest: table({ isSmall: false, hasCheck: true }),
  missing: null,
};

const INDEXES: Readonly<
  Record<string, { readonly table: string; readonly columns: readonly string[] } | null>
> = {
  leads_id: { table: 'leads', columns: ['id'] },
  leads_code: { table: 'leads', columns: ['id', 'code'] },
  plans_name: { table: 'plans', columns: ['name'] },
  no_index: null,
};

/** A large table `leads`, a small one `plans`, partitioned ones, and `missing`; of other tables, nothing is known. */
export const KNOWN_DATABASE: LockCatalog = {
  table: ({ name }) => TABLES[name],
  tableOfIndex: ({ name }) => {
    const index = INDEXES[name];
    return index && { name: index.table };
  },
  columnsOfIndex: ({ name }) => INDEXES[name]?.columns,
  isVolatile: (name) => ({ still: false, moving: true })[name],
  isConstrainedDomain: (name) => ({ positive: true, label: false })[name],
  baseOfFreeDomain: (name) => ({ label: type('varchar', 50) })[name],
  readerOf: ({ name }, column) => (name === 'leads' && column === 'name' ? 'the entity Lead' : undefined),
  isUtc: true,
};
