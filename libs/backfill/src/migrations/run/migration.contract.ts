import type { QueryRunner } from 'typeorm';
import { pastTheGuard } from '../guard/guard-context.js';
import {
  MigrationDeclarationError,
  RequirementNotMetError,
  type UnmetRequirement,
  UnprovableRequirementError,
} from '../migration.error.js';
import type { CompletionGate, MigrationDeclaration, MigrationSettings } from '../migration.options.js';
import { holdsNothing } from './migration.transaction.js';

/**
 * Proves that everything a contract migration requires is complete, at this moment.
 *
 * @param finish run what is left first; the caller makes sure that no lock is held meanwhile
 * @throws MigrationDeclarationError when `requires` is no list
 * @throws UnprovableRequirementError when a name is unknown or nobody can prove anything here
 * @returns what is not complete
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
      `${migration} declares \`requires\` as a ${typeof declared}, not as a list.`,
      "static readonly requires = ['name-of-the-backfill'];",
    );
  if (requires.length === 0) return [];
  if (!gate)
    throw new UnprovableRequirementError(
      migration,
      `${migration} requires ${requires.join(', ')}, and nothing here can prove a backfill complete.`,
      'Run it with the application, which knows its backfills: nest start -- --migrate.',
    );
  refuseUnknown(migration, requires, gate.names());
  const unmet: UnmetRequirement[] = [];
  for (const backfill of requires) {
    let proof = await gate.prove(backfill);
    if (!proof.complete && finish) {
      await gate.finish(backfill);
      proof = await gate.prove(backfill);
    }
    if (!proof.complete) unmet.push({ backfill, ...proof });
  }
  return unmet;
}

/** For a migration that TypeORM runs: its transaction is given up while the remaining batches run, and opened anew. */
export async function demandRequirements(
  migration: string,
  declaration: MigrationDeclaration,
  settings: MigrationSettings,
  raw: QueryRunner,
): Promise<void> {
  if ((declaration.requires?.length ?? 0) === 0) return;
  const reopen = declaration.finish === true && raw.isTransactionActive && !settings.driven;
  if (reopen) {
    if (!(await holdsNothing(raw)))
      throw new MigrationDeclarationError(
        migration,
        `${migration} declares \`finish\`, but shares its transaction with migrations that ran before it and hold locks.`,
        "Run migrations in transactions of their own: migrationsTransactionMode: 'each', or nest start -- --migrate.",
      );
    await raw.rollbackTransaction();
  }
  try {
    // In a driven run the remaining batches have been run before the transaction was opened: here it is only proved.
    const asked = settings.driven ? { ...declaration, finish: false } : declaration;
    const unmet = await pastTheGuard(() => unmetRequirements(migration, asked, settings.gate));
    if (unmet.length > 0) throw new RequirementNotMetError(migration, unmet);
  } finally {
    if (reopen) await raw.startTransaction();
  }
}

function refuseUnknown(migration: string, requires: readonly string[], known: readonly string[]): void {
  const unknown = requires.filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  throw new UnprovableRequirementError(
    migration,
    `${migration} requires ${unknown.map((name) => `"${name}"`).join(', ')}, and no backfill of that name is declared.`,
    known.length > 0
      ? `Correct \`static readonly requires\`. Declared are: ${known.join(', ')}.`
      : 'Declare the backfill and list it among the providers of its module.',
  );
}
