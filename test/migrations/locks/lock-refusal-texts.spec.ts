import { LockJudge, loadClassifier, type LockFinding, type StatementClassifier } from 'nestjs-backfill-sql';
import {
  describeLockRefusal,
  lockWarning,
  unnamedLockWarning,
} from '../../../libs/backfill/src/migrations/locks/lock-refusal-message.ts';
import { DANGEROUS } from '../../sql/locks/dangerous-statements.fixtures.ts';
import { Recorded } from '../../guard/recorded/recorded.ts';

/** `WRITE_RECORDED=1` writes the file anew: review the difference. */
const recorded = new Recorded(new URL('lock-refusals.txt', import.meta.url));
afterAll(() => recorded.end());

let classifier: StatementClassifier;
beforeAll(async () => {
  classifier = await loadClassifier();
});

function findingsIn(sql: string): readonly [LockFinding, ...LockFinding[]] {
  const ddl = classifier.classify(sql).statements.flatMap((statement) => statement.ddl);
  const context = { inTransaction: true, lockTimeoutMs: 5_000, doubts: 'reported' } as const;
  const [first, ...others] = new LockJudge().inspect(ddl, context).findings;
  if (!first) throw new Error(`nothing found in ${sql}`);
  return [first, ...others];
}

/** The first statement of each rule. A default that is dropped is only missed at the end of the transaction. */
const EXAMPLES = [...new Map([...DANGEROUS].reverse())]
  .reverse()
  .flatMap(([rule, sql]) => (rule === 'default-dropped' ? [] : [sql]));
const OTHERS = [
  'CREATE INDEX i ON crm.leads (a); DROP TABLE crm.leads; CREATE INDEX j ON leads (b)',
  'DO $$ BEGIN CREATE INDEX i ON leads (a); END $$',
  "ALTER TABLE leads ALTER COLUMN a TYPE int USING length('x')",
  'CREATE UNIQUE INDEX i ON leads (a)',
  'LOCK TABLE leads',
];

describe('the refusal and the warning of a dangerous lock stay as in lock-refusals.txt', () => {
  it.each([...EXAMPLES, ...OTHERS])('%s', (sql) => {
    const findings = findingsIn(sql);
    const { problem, remedy } = describeLockRefusal('AddX', 'up', findings, 'Nothing was changed.');
    recorded.expect(sql, [problem, remedy, lockWarning('AddX', 'down', findings[0])].join('\n\n'));
  });
});

describe('a text of a lock', () => {
  it('has a long statement in short', () => {
    const [first] = findingsIn('CREATE INDEX i ON leads (a)');
    const long = { ...first, text: 'y'.repeat(601) };
    const { problem } = describeLockRefusal('AddX', 'up', [long], 'No.');
    expect(problem).toContain(`\n    ${'y'.repeat(600)} …\n`);
    const exact = describeLockRefusal('AddX', 'up', [{ ...first, text: 'y'.repeat(600) }], 'No.');
    expect(exact.problem).toContain(`\n    ${'y'.repeat(600)}\n`);
    expect(lockWarning('AddX', 'up', { ...first, text: `a\n  ${'y'.repeat(160)}` })).toMatch(/: a y{156} …$/);
    expect(lockWarning('AddX', 'up', { ...first, text: 'y'.repeat(160) })).toMatch(/: y{160}$/);
  });

  it('names a large table that the SQL does not name', () => {
    const lock = { relation: 'public.leads', mode: 'ShareLock', sql: 'SELECT\n  fill()' };
    expect(unnamedLockWarning('AddX.up()', lock)).toBe(
      'AddX.up() has taken ShareLock on public.leads, a large table that the SQL does not name, so that no lock rule could judge it. Write the statement into the migration: SELECT fill()',
    );
    expect(unnamedLockWarning('AddX.up()', { ...lock, sql: 'y'.repeat(161) })).toMatch(/: y{160} …$/);
  });
});
