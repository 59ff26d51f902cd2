import { Logger } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import { InvalidMigrationOptionError } from '../migration.error.js';
import {
  DDL_POLICY,
  LOCKS_POLICIES,
  type DdlPolicy,
  type MigrationOptions,
  type MigrationSettings,
} from '../migration.options.js';

const settings = new WeakMap<DataSource, MigrationSettings>();

/** The data source behind the guarded one that a migration gets. */
const originals = new WeakMap<DataSource, DataSource>();

/** A guarded data source has the settings of the one behind it. */
export function shareSettings(guarded: DataSource, original: DataSource): void {
  originals.set(guarded, original);
}

/**
 * The configured settings of a data source's migrations. The defaults apply if there are none, e.g. under
 * TypeORM's own commands.
 */
export function settingsFor(dataSource: DataSource): MigrationSettings {
  return (
    settings.get(originals.get(dataSource) ?? dataSource) ?? {
      policy: DDL_POLICY,
      locks: 'refuse',
      log: new Logger('SchemaMigration'),
      isRunByPhase: false,
    }
  );
}

/** @throws InvalidMigrationOptionError */
export function configureMigrations(dataSource: DataSource, options: MigrationOptions): MigrationSettings {
  const current = settingsFor(dataSource);
  const policy = { ...current.policy, ...options.policy };
  validate(policy);
  const { gate = current.gate, log = current.log, locks = current.locks } = options;
  if (!LOCKS_POLICIES.includes(locks)) throw new InvalidMigrationOptionError('locks', locks);
  const next = { policy, log, locks, isRunByPhase: current.isRunByPhase, ...(gate && { gate }) };
  settings.set(dataSource, next);
  return next;
}

/** Marks the data source during `work` as run by the migrations phase. */
export async function whileRunByPhase<T>(dataSource: DataSource, work: () => Promise<T>): Promise<T> {
  const before = settings.get(dataSource);
  settings.set(dataSource, { ...settingsFor(dataSource), isRunByPhase: true });
  try {
    return await work();
  } finally {
    if (before) settings.set(dataSource, before);
    else settings.delete(dataSource);
  }
}

function validate(policy: DdlPolicy): void {
  for (const [name, value] of Object.entries(policy))
    if (!Number.isFinite(value) || value < 0 || (name === 'lockAttempts' && value < 1))
      throw new InvalidMigrationOptionError(`policy.${name}`, value);
}
