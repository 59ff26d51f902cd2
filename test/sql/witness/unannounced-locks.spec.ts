import { type LockRule, type ObservedLock, type RelationFiles, unannouncedLocks } from 'nestjs-backfill-sql';
import { observedLockOf, relationFilesOf } from 'nestjs-backfill-sql';
import { statementsOf } from '../../support/classified.ts';

const LEADS: ObservedLock = {
  id: '100',
  schema: 'crm',
  name: 'leads',
  mode: 'AccessExclusiveLock',
  file: '500',
  scans: 2,
  ancestors: [],
};
const RELATIONS: RelationFiles = {
  newestId: 200,
  files: new Map([['100', '500']]),
  scans: new Map([['100', 2]]),
};

interface Observed {
  readonly sql?: string;
  readonly rule?: LockRule;
  readonly table?: { readonly schema?: string; readonly name: string };
  readonly alsoLocks?: readonly { readonly name: string }[];
  readonly before?: readonly ObservedLock[];
  readonly relations?: RelationFiles;
}

/** What is reported about a lock after a statement. */
function reported(
  lock: Partial<ObservedLock>,
  { sql = 'SELECT 1', rule, table, alsoLocks = [], before = [], relations = RELATIONS }: Observed = {},
) {
  const announced = rule && {
    ...{ rule, alsoLocks, ...(table && { table }) },
    ...{ scans: false, rewrites: false, buildsIndex: false, blocks: 'nothing' as const },
    ...{ message: '', names: {}, text: sql, via: [], position: { offset: 0, line: 1, column: 1 } },
  };
  const observed = { ...LEADS, ...lock };
  const found = unannouncedLocks(statementsOf(sql), announced ? [announced] : [], {
    before: { relations, locks: before },
    after: [observed],
  });
  for (const one of found) expect(one.lock).toEqual(observed);
  return found.map(({ what }) => what);
}

describe('a lock that no rule announces is reported', () => {
  it('if the SQL does not name the table', () => expect(reported({})).toEqual(['locked']));

  it('but not if the SQL names it, also in a DROP', () => {
    expect(reported({}, { sql: 'ALTER TABLE leads ADD a int' })).toEqual([]);
    expect(reported({}, { sql: 'SELECT 1; ALTER TABLE crm.leads ADD a int' })).toEqual([]);
    expect(reported({}, { sql: 'DROP TABLE others, crm.leads' })).toEqual([]);
    expect(reported({}, { sql: 'DROP TABLE leads' })).toEqual([]);
  });

  it('also if the SQL names a table of another schema', () => {
    expect(reported({}, { sql: 'ALTER TABLE other.leads ADD a int' })).toEqual(['locked']);
    expect(reported({}, { sql: 'DROP TABLE other.leads' })).toEqual(['locked']);
  });

  it('if the table got a new file, although the SQL names it', () => {
    expect(reported({ file: '501' }, { sql: 'ALTER TABLE leads ADD a int' })).toEqual(['rewritten']);
  });

  it('if the statement read the table from start to end, although the SQL names it', () => {
    expect(reported({ scans: 3 }, { sql: 'ALTER TABLE leads ADD a int' })).toEqual(['scanned']);
  });

  it('if the table was not known before, and was read since', () => {
    const relations = { ...RELATIONS, files: new Map(), scans: new Map() };
    expect(reported({ scans: 1 }, { relations })).toEqual(['scanned']);
    expect(reported({ scans: 0 }, { relations })).toEqual(['locked']);
  });

  it('once: a lock of an earlier statement is reported only for work that this statement has done', () => {
    expect(reported({}, { before: [LEADS] })).toEqual([]);
    expect(reported({ scans: 3 }, { before: [{ ...LEADS, scans: 3 }] })).toEqual([]);
    expect(reported({ scans: 4 }, { before: [{ ...LEADS, scans: 3 }] })).toEqual(['scanned']);
    expect(reported({ file: '501' }, { before: [{ ...LEADS, file: '501' }] })).toEqual([]);
    expect(reported({ file: '502' }, { before: [{ ...LEADS, file: '501' }] })).toEqual(['rewritten']);
    expect(reported({}, { before: [{ ...LEADS, id: '101' }] })).toEqual(['locked']);
  });
});

describe('a lock is not reported', () => {
  it('on a table that the transaction has created', () => {
    expect(reported({ id: '201' })).toEqual([]);
    expect(reported({ id: '200', scans: 0 })).toEqual(['locked']);
  });

  it('if a rule announces it for the table, or for another table that is locked with it', () => {
    expect(reported({ file: '501' }, { rule: 'type-rewrite', table: { name: 'leads' } })).toEqual([]);
    const foreignKey = { rule: 'foreign-key-validated', table: { name: 'calls' } } as const;
    expect(reported({}, { ...foreignKey, alsoLocks: [{ name: 'leads' }] })).toEqual([]);
    expect(reported({}, foreignKey)).toEqual(['locked']);
  });

  it('if a rule announces it for the parent of the partition, or the SQL names the parent', () => {
    const ancestors = [
      { schema: 'crm', name: 'parts' },
      { schema: 'crm', name: 'all_parts' },
    ];
    expect(reported({ ancestors }, { rule: 'type-rewrite', table: { name: 'all_parts' } })).toEqual([]);
    expect(reported({ ancestors }, { sql: 'ALTER TABLE parts ADD a int' })).toEqual([]);
    expect(reported({ ancestors }, { sql: 'ALTER TABLE calls ADD a int' })).toEqual(['locked']);
  });

  it('if a rule announces a danger without a table', () => {
    expect(reported({}, { rule: 'drop-table' })).toEqual([]);
  });
});

it.each(['several-tables-locked', 'json-column'] as const)(
  'the rule %s announces no work under the lock',
  (rule) => {
    expect(reported({ scans: 3 }, { rule, table: { name: 'leads' } })).toEqual(['scanned']);
    expect(reported({ file: '501' }, { rule })).toEqual(['rewritten']);
  },
);

describe('the rows that PostgreSQL returns about relations and locks are read', () => {
  it('with the file and the scans of each relation', () => {
    expect(relationFilesOf({ newest: '7', files: '{"3":[30,1],"4":[40,0]}' })).toEqual({
      newestId: 7,
      files: new Map([
        ['3', '30'],
        ['4', '40'],
      ]),
      scans: new Map([
        ['3', 1],
        ['4', 0],
      ]),
    });
  });

  it('also of a database without relations, and without a row', () => {
    const none = { files: new Map(), scans: new Map() };
    expect(relationFilesOf({ newest: '7', files: null })).toEqual({ newestId: 7, ...none });
    expect(relationFilesOf({ newest: '7', files: 'null' })).toEqual({ newestId: 7, ...none });
    expect(relationFilesOf(undefined)).toEqual({ newestId: 0, ...none });
  });

  it('with the parents of a partition', () => {
    const row = {
      id: '100',
      schema: 'crm',
      name: 'leads',
      mode: 'AccessExclusiveLock',
      file: 500,
      scans: '2',
    };
    expect(observedLockOf({ ...row, ancestors: null })).toEqual(LEADS);
    expect(observedLockOf({ ...row, ancestors: '[{"schema":"crm","name":"parts"}]' })).toEqual({
      ...LEADS,
      ancestors: [{ schema: 'crm', name: 'parts' }],
    });
  });
});
