import type { QueryRunner } from 'typeorm';
import { unguarded } from '../guard/guard-context.js';
import {
  MigrationDeclarationError,
  RequirementNotMetError,
  type UnmetRequirement,
  UnprovableRequirementError,
} from '../migration.error.js';
import type { CompletionGate, MigrationDeclaration, MigrationSettings } from '../migration.options.js';
import { hasChangedNothing } from './transaction-state.js';

/**
 * Probes the backfills that a contract migration requires.
 *
 * With `finish`, it first runs the remaining batches; the caller must not hold locks during that time.
 *
 * @throws MigrationDeclarationError if `requires` is not a list
 * @throws UnprovableRequirementError if a name is unknown, or there is no gate that can prove a backfill
 * @returns the backfills that are not complete
 */
export async function unmetRequirements(
  migration: string,
  { requires = [], finish = false }: MigrationDeclaration,
  gate: CompletionGate | undefined,
): Promise<readonly UnmetRequirement[]> {
  const declared: unknown = requires;
  if (!Array.isArray(declared))
    throw new MigrationDeclarationError(
      migration,
      `${migration} declares \`requires\` as ${typeof declared}, but it must be a list.`,
      "static readonly requires = ['name-of-the-backfill'];",
    );
  if (requires.length === 0) return [];
  if (!gate)
    throw new UnprovableRequirementError(
      migration,
      `${migration} requires ${requires.join(', ')}, but this command cannot prove backfills.`,
      'Run it with the application, which knows its backfills: nest start -- --migrate.',
    );
  refuseUnknown(migration, requires, gate.names());
  const unmet: UnmetRequirement[] = [];
  for (const required of requires) {
    const backfill = gate.currentName?.(required) ?? required;
    let proof = await gate.prove(backfill);
    // Where its query cannot run, no batch can: an earlier migration of the same phase may add what is missing.
    if (!proof.complete && proof.problem === undefined && finish) {
      await gate.finish(backfill);
      proof = await gate.prove(backfill);
    }
    if (!proof.complete) unmet.push({ backfill, ...proof });
  }
  return unmet;
}

/**
 * Proves the requirements before `up()`. With `finish` under TypeORM's own runner, it rolls back the runner's
 * transaction, runs the remaining batches, and starts a new transaction.
 *
 * @throws RequirementNotMetError
 */
export async function assertRequirements(
  migration: string,
  declaration: MigrationDeclaration,
  settings: MigrationSettings,
  raw: QueryRunner,
): Promise<void> {
  if ((declaration.requires?.length ?? 0) === 0) return;
  const restarts = declaration.finish === true && raw.isTransactionActive && !settings.isRunByPhase;
  if (restarts) {
    if (!(await hasChangedNothing(raw)))
      throw new MigrationDeclarationError(
        migration,
        `${migration} declares \`finish\`, but shares its transaction with earlier migrations that hold locks.`,
        "Use one transaction per migration: migrationsTransactionMode: 'each', or nest start -- --migrate.",
      );
    await raw.rollbackTransaction();
  }
  try {
    // The runner of the phase has run the remaining batches before this transaction, so this call only proves
    // completion.
    const { requires = [], finish = false } = declaration;
    const required = { requires, finish: finish && !settings.isRunByPhase };
    const unmet = await unguarded(() => unmetRequirements(migration, required, settings.gate));
    if (unmet.length > 0) throw new RequirementNotMetError(migration, unmet);
  } finally {
    if (restarts) await raw.startTransaction();
  }
}

function refuseUnknown(migration: string, requires: readonly string[], known: readonly string[]): void {
  const unknown = requires.filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  throw new UnprovableRequirementError(
    migration,
    `${migration} requires ${unknown.map((name) => `"${name}"`).join(', ')}, but no backfill with this name is declared.`,
    known.length > 0
      ? `Correct \`static readonly requires\`. Declared backfills: ${known.join(', ')}.`
      : 'Declare the backfill and list it among the providers of its module.',
  );
}
