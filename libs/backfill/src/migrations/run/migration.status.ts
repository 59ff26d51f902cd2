import type { DataSource } from 'typeorm';
import type { UnmetRequirement } from '../migration.error.js';
import { grandfatheredOf } from '../migration.guarding.js';
import type { CompletionGate, MigrationDeclaration } from '../migration.options.js';
import type { DeferredMigration, MigrationStatus } from '../migration.report.js';
import { unmetRequirements } from './contract.requirements.js';
import { declarationOf, migrationName } from './guarded-migration.runner.js';
import { pendingOf } from './migration.phase.js';
import { settingsFor } from './migration.settings.js';

/**
 * Reports the pending migrations, the backfills for which they wait, and the migrations that may change rows.
 * It probes the backfills and changes nothing.
 *
 * @publicApi
 */
export async function migrationStatus(dataSource: DataSource): Promise<MigrationStatus> {
  const pending = await pendingOf(dataSource);
  const { gate } = settingsFor(dataSource);
  const waiting: DeferredMigration[] = [];
  for (const { name, instance } of pending) {
    const declaration = instance && declarationOf(instance);
    if (!declaration || !gate) continue;
    const waitsFor = await requirementsForStatus(name, declaration, gate);
    if (waitsFor.length > 0) waiting.push({ name, waitsFor });
  }
  return {
    pending: pending.map(({ name }) => name),
    waiting,
    exempt: dataSource.migrations.flatMap((instance) => {
      const { allowsData } = declarationOf(instance);
      return allowsData ? [{ name: migrationName(instance), ...allowsData }] : [];
    }),
    grandfathered: grandfatheredOf(dataSource),
  };
}

/** The status also lists undeclared backfills, for which a run would fail. */
async function requirementsForStatus(
  name: string,
  declaration: MigrationDeclaration,
  gate: CompletionGate,
): Promise<readonly UnmetRequirement[]> {
  const { requires = [] } = declaration;
  const known = new Set(gate.names());
  const unknown = requires.filter((backfill) => !known.has(backfill));
  const declared = { requires: requires.filter((backfill) => known.has(backfill)) };
  return [
    ...unknown.map((backfill) => ({ backfill, status: 'not declared' })),
    ...(await unmetRequirements(name, declared, gate)),
  ];
}
