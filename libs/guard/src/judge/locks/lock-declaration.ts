import { LOCK_RULES } from 'nestjs-backfill-sql';
import type * as ast from 'oxc-parser';
import { keyName, lineage } from '../../evaluate/classes/classes.js';
import type { Machine } from '../../evaluate/machine/machine.types.js';
import type { MigrationCandidate } from '../../evaluate/migrations/migration-classes.js';
import { knownText } from '../../evaluate/values/text-value.js';
import type { ClassValue, Value } from '../../evaluate/values/value.types.js';
import { property } from '../../schema/runner-calls.js';
import { nearestName } from '../../text/nearest-name.js';

/** What a migration declares about its locks. */
export interface LockDeclaration {
  /** The rules of `allowsLocks`; empty without a reason. */
  readonly allowed: ReadonlySet<string>;
  /** Whether its statements share a transaction; unknown for SQL files, because their runner decides. */
  readonly transaction: 'open' | 'none' | 'unknown';
  /** It has `requires`, so that it belongs to a later release. */
  readonly isContract?: boolean;
  /** What is wrong with `allowsLocks`, which the migration's run refuses. */
  readonly problem?: string;
}

/** Reads `static allowsLocks` and `transaction` of a class. */
export function lockDeclarationOf(machine: Machine, { target }: MigrationCandidate): LockDeclaration {
  if (target.kind === 'object')
    return {
      allowed: new Set(),
      transaction: isFalse(target.object.properties.get('transaction')) ? 'none' : 'open',
    };
  if (target.kind !== 'class') return { allowed: new Set(), transaction: 'open' };
  const allows = fieldOf(machine, target.class, { name: 'allowsLocks', isStatic: true });
  const transaction = fieldOf(machine, target.class, { name: 'transaction', isStatic: false });
  const requires = fieldOf(machine, target.class, { name: 'requires', isStatic: true });
  return {
    allowed: rulesOf(allows),
    ...problemWith(allows),
    transaction: isFalse(transaction) ? 'none' : 'open',
    isContract: requires?.kind === 'array' && requires.items.length > 0,
  };
}

interface Field {
  readonly name: string;
  readonly isStatic: boolean;
}

function fieldOf(machine: Machine, owner: ClassValue, { name, isStatic }: Field): Value | undefined {
  for (const home of lineage(machine, owner)) {
    const definition = home.node.body.body.find(
      (item): item is ast.PropertyDefinition =>
        item.type === 'PropertyDefinition' && item.static === isStatic && keyName(item.key) === name,
    );
    if (definition?.value)
      return machine.evaluate(definition.value, { scope: home.scope, module: home.module });
  }
  return undefined;
}

function rulesOf(value: Value | undefined): ReadonlySet<string> {
  const reason = knownText(property(value, 'reason')) ?? '';
  const rules = property(value, 'rules');
  if (reason.trim() === '' || rules?.kind !== 'array') return new Set();
  return new Set(rules.items.map(knownText).filter((rule) => rule !== undefined));
}

/** Values that are not known are no problem; the migration's run refuses the others. */
function problemWith(value: Value | undefined): Pick<LockDeclaration, 'problem'> {
  if (value?.kind !== 'object') return {};
  const reason = property(value, 'reason');
  if (reason === undefined || knownText(reason)?.trim() === '')
    return { problem: "allowsLocks has no reason: add reason: 'why the locks do no harm'" };
  const rules = property(value, 'rules');
  const names = rules?.kind === 'array' ? rules.items.map(knownText) : [];
  const unknown = names.find((name) => name !== undefined && !isLockRule(name));
  if (unknown === undefined) return {};
  const nearest = nearestName(unknown, LOCK_RULES);
  const advice =
    nearest === undefined ? 'see docs/guard/rules/README.md for the rules' : `did you mean "${nearest}"?`;
  return { problem: `allowsLocks names "${unknown}", which is not a lock rule: ${advice}` };
}

function isLockRule(name: string): boolean {
  return (LOCK_RULES as readonly string[]).includes(name);
}

function isFalse(value: Value | undefined): boolean {
  return value?.kind === 'constant' && value.value === false;
}
