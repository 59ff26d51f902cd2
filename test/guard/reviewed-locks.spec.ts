import { LOCK_RULES } from '../../libs/sql/src/locks/lock.types.ts';
import { BLIND_DANGEROUS, BLIND_HARMLESS } from '../sql/locks/blind-statements.fixtures.ts';
import { FRESH_DANGEROUS } from '../sql/locks/fresh-dangerous.fixtures.ts';
import { FRESH_HARMLESS } from '../sql/locks/fresh-harmless.fixtures.ts';
import { REVIEWED_DANGEROUS } from '../sql/locks/reviewed-dangerous.fixtures.ts';
import { REVIEWED_HARMLESS } from '../sql/locks/reviewed-harmless.fixtures.ts';
import { asCase, type Reviewed } from '../sql/locks/reviewed-statement.ts';
import { LockProject } from './lock-project.ts';

let project: LockProject;

beforeEach(() => void (project = new LockProject()));
afterEach(() => project.remove());

async function locksOf([, sql, { alone } = {}]: Reviewed): Promise<readonly string[]> {
  const rules: ReadonlySet<string> = new Set(LOCK_RULES);
  const findings = await project.findingsOf(sql, alone ? 'readonly transaction = false;' : '');
  return findings.filter(({ rule }) => rules.has(rule)).map(({ rule, message }) => `${rule}: ${message}`);
}

it.each([...REVIEWED_DANGEROUS, ...FRESH_DANGEROUS, ...BLIND_DANGEROUS].map(asCase))(
  'the check reports it, because $why: $sql',
  async ({ reviewed }) => {
    expect(await locksOf(reviewed)).not.toEqual([]);
  },
);

it.each(
  [...REVIEWED_HARMLESS, ...FRESH_HARMLESS, ...BLIND_HARMLESS]
    .filter(([, , where]) => where?.needsCatalog !== true)
    .map(asCase),
)('the check passes it, because $why: $sql', async ({ reviewed }) => {
  expect(await locksOf(reviewed)).toEqual([]);
});
