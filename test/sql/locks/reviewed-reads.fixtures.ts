import type { Reviewed } from './reviewed-statement.ts';

/** Queries that read all rows of a large table while a lock is held. */
export const READS_OF_ALL_ROWS: readonly Reviewed[] = [
  ['LIMIT comes after count', `ALTER TABLE leads ADD COLUMN a int; SELECT count(*) FROM calls LIMIT 1`],
  [
    'a random order reads every row',
    `ALTER TABLE leads ADD COLUMN a int; SELECT id FROM calls ORDER BY random() LIMIT 1`,
  ],
  ['LIMIT ALL is none', `ALTER TABLE leads ADD COLUMN a int; SELECT id FROM calls LIMIT ALL`],
  [
    'a sum in a query of a FROM',
    `ALTER TABLE leads ADD COLUMN a int; SELECT * FROM (SELECT sum(id) FROM calls) s LIMIT 1`,
  ],
  [
    'UNION compares all rows before its LIMIT',
    `ALTER TABLE leads ADD COLUMN a int; SELECT id FROM plans UNION SELECT id FROM calls LIMIT 1`,
  ],
  [
    'EXISTS of an aggregate',
    `ALTER TABLE leads ADD COLUMN a int; SELECT EXISTS (SELECT count(*) FROM calls)`,
  ],
  [
    'rows without a partner are looked for in all rows',
    `ALTER TABLE leads ADD COLUMN a int; SELECT count(*) FROM calls c WHERE NOT EXISTS (SELECT FROM leads l WHERE l.id = c.lead_id)`,
  ],
  [
    'a window goes over all rows',
    `ALTER TABLE leads ADD COLUMN a int; SELECT row_number() OVER (ORDER BY at) FROM calls LIMIT 1`,
  ],
];

/** Queries that read few rows while a lock is held. */
export const READS_OF_FEW_ROWS: readonly Reviewed[] = [
  [
    'a sequence set after the largest key',
    `ALTER TABLE leads ADD COLUMN a int; SELECT setval('numbers', (SELECT COALESCE(MAX(id), 0) + 1 FROM leads))`,
  ],
  ['the largest key comes from an index', `ALTER TABLE leads ADD COLUMN a int; SELECT max(id) FROM leads`],
  [
    'the smallest and largest keys',
    `ALTER TABLE leads ADD COLUMN a int; SELECT min(id) AS first, max(leads.id) + 1 AS next FROM leads`,
  ],
  ['whether there is a row', `ALTER TABLE leads ADD COLUMN a int; SELECT EXISTS (SELECT 1 FROM leads)`],
  [
    'the same as a condition',
    `ALTER TABLE leads ADD COLUMN a int; SELECT 1 WHERE EXISTS (SELECT 1 FROM leads)`,
  ],
  ['the same negated', `ALTER TABLE leads ADD COLUMN a int; SELECT 1 WHERE NOT EXISTS (SELECT * FROM leads)`],
  [
    'the same in a block',
    `ALTER TABLE leads ADD COLUMN a int; DO $$ BEGIN IF EXISTS (SELECT 1 FROM leads) THEN RAISE NOTICE 'rows'; END IF; END $$`,
  ],
  [
    'UNION ALL stops at its LIMIT',
    `ALTER TABLE leads ADD COLUMN a int; SELECT id FROM leads UNION ALL SELECT id FROM calls LIMIT 1`,
  ],
  [
    'a query in a FROM stops at the LIMIT',
    `ALTER TABLE leads ADD COLUMN a int; SELECT * FROM (SELECT * FROM calls) s LIMIT 1`,
  ],
  [
    'a common table expression stops at the LIMIT',
    `ALTER TABLE leads ADD COLUMN a int; WITH c AS (SELECT * FROM calls) SELECT * FROM c LIMIT 1`,
  ],
  [
    'a row for a row',
    `ALTER TABLE leads ADD COLUMN a int; SELECT (SELECT name FROM tenants WHERE tenants.id = leads.tenant_id) FROM leads WHERE id = 5`,
  ],
  [
    'a row for a row, with aliases',
    `ALTER TABLE leads ADD COLUMN a int; SELECT (SELECT t.name FROM tenants t WHERE t.id = l.tenant_id) FROM leads l WHERE l.id = 5`,
  ],
  [
    'a row for a row, of a column without its table',
    `ALTER TABLE leads ADD COLUMN a int; SELECT (SELECT t.name FROM tenants t WHERE t.id = tenant_id) FROM leads WHERE leads.id = 5`,
  ],
  [
    'an EXISTS for one row',
    `ALTER TABLE leads ADD COLUMN a int; SELECT 1 FROM leads l WHERE l.id = 5 AND EXISTS (SELECT FROM calls c WHERE c.id = l.id)`,
  ],
  [
    'a lateral query for one row',
    `ALTER TABLE leads ADD COLUMN a int; SELECT * FROM leads l, LATERAL (SELECT at FROM calls c WHERE c.id = l.id) s WHERE l.id = 5`,
  ],
  [
    'the newest row comes from an index',
    `ALTER TABLE leads ADD COLUMN a int; SELECT id FROM leads ORDER BY id DESC LIMIT 1`,
  ],
];
