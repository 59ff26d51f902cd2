import { loadClassifier, type DataFinding, type StatementClassifier } from 'nestjs-backfill-sql';
import { suggestBackfill } from '../../../libs/backfill/src/migrations/guard/backfill-suggestion.ts';
import type { RefusalCause } from '../../../libs/backfill/src/migrations/guard/refusal.ts';
import { describeRefusal } from '../../../libs/backfill/src/migrations/guard/refusal-message.ts';

let classifier: StatementClassifier;
beforeAll(async () => {
  classifier = await loadClassifier();
});

function onlyStatement(sql: string) {
  const [statement, ...others] = classifier.classify(sql).statements.slice(-1);
  expect(others).toEqual([]);
  if (!statement) throw new Error(`no statement in ${sql}`);
  return statement;
}

function findingIn(sql: string): DataFinding {
  const [finding] = onlyStatement(sql).findings;
  if (!finding) throw new Error(`nothing found in ${sql}`);
  return finding;
}

describe('the backfill that a refused statement suggests', () => {
  const suggested = (sql: string, entity?: string) => suggestBackfill(findingIn(sql), entity);

  it('sets the columns of an UPDATE where it would, and where the first column is not set yet', () => {
    expect(
      suggested(`UPDATE leads SET search_name = lower(name), x = 'a', y = 1 WHERE tenant = 3`, 'CrmLead'),
    ).toBe(`@Backfill<CrmLead>({
  name: 'leads-set-search-name-x',
  entity: CrmLead,
  where: 'tenant = 3 AND search_name IS NULL',
})
export class LeadsSetSearchNameX implements SetBackfill<CrmLead> {
  set() {
    return {
      searchName: 'lower(name)',
      x: \`'a'\`,
      y: '1',
    };
  }
}`);
  });

  it('deletes what a DELETE would', () => {
    expect(suggested('DELETE FROM companies WHERE id > 5')).toBe(`@Backfill<Company>({
  name: 'companies-purge',
  entity: Company,
  where: 'id > 5',
  kind: 'purge',
})
export class CompaniesPurge {}`);
  });

  it('changes rows in code where no other kind can', () => {
    expect(suggested('INSERT INTO crm.calls SELECT\n * FROM u')).toBe(`@Backfill<Call>({
  name: 'calls-fill',
  entity: Call,
  where: 'condition of the pending rows',
})
export class CallsFill implements ProcessBackfill<Call> {
  async process(batch, manager) {
    // change the rows of this batch as in: INSERT INTO crm.calls SELECT * FROM u
  }
}`);
  });

  it('has places for the parameters, whose values are not logged', () => {
    const text = suggested(`UPDATE leads SET note = '$1' || $1 WHERE id = $2`);
    expect(text.split('\n')[0]).toBe('// Write the values into the places <value of $1> and so on.');
    expect(text).toContain(`  where: 'id = <value of $2> AND note IS NULL',`);
    expect(text).toContain("      note: `'\\$1' || <value of \\$1>`,");
  });

  it.each([
    ['UPDATE leads SET a = 1', 'a IS NULL'],
    ['UPDATE leads SET a = 1 WHERE true', 'a IS NULL'],
    ['UPDATE leads SET a = 1 WHERE a IS NULL', 'a IS NULL'],
    ['UPDATE leads SET a = 1 WHERE a < 5 AND b = 2', 'a < 5 AND b = 2'],
    ['UPDATE leads SET a = 1 WHERE tenant = 3', 'tenant = 3 AND a IS NULL'],
    ['UPDATE leads SET "fullName" = 1', '"fullName" IS NULL'],
    ['UPDATE leads SET "2nd" = 1', '"2nd" IS NULL'],
    [
      'MERGE INTO leads USING u ON leads.id = u.id WHEN MATCHED THEN UPDATE SET a = 1',
      'condition of the pending rows',
    ],
    ['TRUNCATE leads', 'condition of the pending rows'],
  ])('for %s has the pending predicate %s', (sql, predicate) => {
    expect(suggested(sql)).toContain(`\n  where: '${predicate}',\n`);
  });

  it.each([
    ['UPDATE "leadNotes" SET "fullName" = 1', 'lead-notes-set-full-name', 'LeadNote', 'fullName'],
    ['UPDATE address SET zip_code = 1', 'address-set-zip-code', 'Address', 'zipCode'],
    ['UPDATE companies SET "2nd" = 1', 'companies-set-2nd', 'Company', `'2nd'`],
    ['UPDATE calls SET "Kind" = 1', 'calls-set-kind', 'Call', 'kind'],
  ])('for %s has the names %s, %s and %s', (sql, name, entity, property) => {
    const text = suggested(sql);
    expect(text).toContain(`@Backfill<${entity}>({\n  name: '${name}',\n  entity: ${entity},`);
    expect(text).toContain(`    return {\n      ${property}: '1',\n`);
  });

  it('has the value of a template literal if it has quotes or lines', () => {
    expect(suggested("UPDATE leads SET a = E'`$\\\\' || \n b")).toContain("a: `E'\\`\\$\\\\\\\\' || b`,");
  });
});

describe('the message of a refused statement', () => {
  const base = {
    migration: 'AddStage',
    direction: 'up',
    committed: [],
    sql: 'UPDATE x',
    position: { line: 2, column: 5, offset: 9 },
  } as const;
  const locks =
    'a migration keeps every lock until it commits. A data change holds row locks for as long as it scans and writes ' +
    'the table. On a busy table it fails with lock_timeout and stops the deployment.';
  const described = (cause: RefusalCause) => describeRefusal({ ...base, cause });

  it.each([
    ['UPDATE app.leads SET a = 1', 'app.leads', 'update', 'it has no WHERE and changes every row; '],
    ['DELETE FROM leads WHERE true', 'leads', 'delete', 'its WHERE is always true and changes every row; '],
    [
      'DELETE FROM leads USING u WHERE u.id = leads.id',
      'leads',
      'delete',
      'its WHERE is only a join condition; ',
    ],
    [
      'UPDATE leads SET a = 1 WHERE a IS NULL',
      'leads',
      'update',
      'right after ADD COLUMN, a IS NULL is every row; ',
    ],
    ['UPDATE leads SET a = 1 WHERE id = 3', 'leads', 'update', ''],
    ['INSERT INTO leads VALUES (1)', 'leads', 'insert', ''],
    [
      'DO $$ BEGIN UPDATE leads SET a = 1 WHERE id = 3; END $$',
      'leads',
      'do-block-dml (update in DO block)',
      '',
    ],
    [
      `DO $$ BEGIN EXECUTE format('DELETE FROM %I WHERE a = 1', (SELECT 't')); END $$`,
      ...['_dynamic_', 'do-block-dml (delete in DO block → EXECUTE), built at run time', ''],
    ],
  ])('that changes rows, %s, names the table, the rule and the reason', (sql, table, rule, reason) => {
    const { problem, remedy } = described({ kind: 'data', finding: findingIn(sql) });
    expect(problem).toBe(`AddStage.up() changes rows of ${table}. The statement was not sent.

    UPDATE x
    at line 2, column 5 of the query
    rule: ${rule}

Why: ${reason}${locks}`);
    expect(remedy).toContain(`static readonly allowsData = { reason: '…', tables: ['${table}'] };`);
    expect(remedy).toContain('\n\n    @Backfill<');
  });

  it('that changes large objects names no table', () => {
    const { problem, remedy } = described({ kind: 'data', finding: findingIn('SELECT lo_unlink(1)') });
    expect(problem).toContain('AddStage.up() changes rows. The statement');
    expect(remedy).toContain(`tables: ['…']`);
  });

  const unknown = onlyUnknown('why it is not known');
  const unread =
    'SQL that the guard cannot read may change rows, and this would be noticed only in production.';
  it.each([
    [
      { kind: 'unreadable', failure: { message: 'syntax error', position: base.position } },
      `runs SQL that PostgreSQL's parser does not accept: syntax error.`,
      ...['unreadable', unread, 'Correct the SQL. If PostgreSQL accepts it'],
    ],
    [
      { kind: 'undecidable', unknown },
      'runs SQL whose effect is unknown: why it is not known.',
      ...['dynamic-sql', unread, 'Write the statements into the migration one by one; move data'],
    ],
    [
      { kind: 'blinding', setting: 'track_counts' },
      'changes the setting track_counts, which the guard needs.',
      'blinding',
      'with this setting PostgreSQL would parse the SQL differently, or would not count the written rows.',
      'Do not change this setting in migrations.',
    ],
    [
      { kind: 'late' },
      'sends a statement after it has ended: a promise was not awaited.',
      ...['late', 'it would run outside the transaction, or in the next migration.', 'Await every statement'],
    ],
    [
      { kind: 'unwitnessed', unknown },
      'runs SQL that commits by itself and cannot be read: why it is not known.',
      ...[
        'dynamic-sql',
        'rows that it writes could not be rolled back.',
        'Remove COMMIT and ROLLBACK from it',
      ],
    ],
  ] as const)('of the kind %j says what, why and what to do', (cause, what, rule, why, remedy) => {
    const text = described(cause);
    expect(text.problem).toContain(`AddStage.up() ${what} The statement was not sent.`);
    expect(text.problem).toContain(`rule: ${rule}\n\nWhy: ${why}`);
    expect(text.remedy).toContain(remedy);
  });

  it('has long statements in short, and names what was committed before', () => {
    const { problem } = describeRefusal({
      ...base,
      cause: { kind: 'late' },
      subject: 'A query of AddStage',
      sql: 'y'.repeat(601),
      committed: ['CREATE INDEX i', 'z'.repeat(161), 'z'.repeat(160)],
    });
    expect(problem).toContain('A query of AddStage sends a statement');
    expect(problem).toContain(`\n    ${'y'.repeat(600)} …\n`);
    expect(problem.split('\n').slice(-5)).toEqual([
      '',
      'This migration does not run in a transaction. Already committed and not undone:',
      '    CREATE INDEX i',
      `    ${'z'.repeat(160)} …`,
      `    ${'z'.repeat(160)}`,
    ]);
  });
});

function onlyUnknown(detail: string) {
  const position = { line: 1, column: 1, offset: 0 };
  return { kind: 'dynamic-sql', position, text: 'EXECUTE x', detail, via: [] } as const;
}
