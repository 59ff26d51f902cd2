import type { DataSource, MigrationInterface, QueryRunner } from 'typeorm';
import { insideMigration, unguarded } from './guard/guard-context.js';
import { PhaseGuard } from './guard/phase-guard.js';
import { startLockRun } from './locks/lock.guard.js';
import type { MigrationOptions } from './migration.options.js';
import {
  type Direction,
  migrationName,
  type MigrationMethod,
  runGuarded,
} from './run/guarded-migration.runner.js';
import { configureMigrations } from './run/migration.settings.js';
import { isSchemaMigration } from './schema-migration.js';

/** The options of `guardMigrations`. @publicApi */
export interface GuardMigrationsOptions extends MigrationOptions {
  /**
   * Class names of old migrations that run without the guard. A warning lists them at each run. @default none
   */
  readonly grandfathered?: readonly string[];
}

const guardedInstances = new WeakSet<MigrationInterface>();
const guardedSources = new WeakMap<DataSource, GuardMigrationsOptions>();

/**
 * Guards every migration of a data source, including those that do not extend `SchemaMigration`. Call it
 * before `initialize()` if `migrationsRun` is set. A further call replaces the options.
 *
 * @publicApi
 * @throws InvalidMigrationOptionError
 */
export function guardMigrations(dataSource: DataSource, options: GuardMigrationsOptions = {}): void {
  const { grandfathered = [] } = options;
  const { log } = configureMigrations(dataSource, options);
  const isFirstCall = !guardedSources.has(dataSource);
  guardedSources.set(dataSource, options);
  if (isFirstCall) {
    // TypeORM creates the instances in initialize(), and runs or reverts them with these two methods.
    for (const method of ['runMigrations', 'undoLastMigration'] as const) {
      const original = dataSource[method].bind(dataSource) as (...args: unknown[]) => Promise<never>;
      Object.defineProperty(dataSource, method, {
        configurable: true,
        writable: true,
        value: async (...args: unknown[]) => {
          guardInstances(dataSource);
          startLockRun(dataSource);
          const guard = await PhaseGuard.for(dataSource);
          return insideMigration(guard, () => original(...args));
        },
      });
    }
  }
  if (dataSource.isInitialized) guardInstances(dataSource);
  const unknown = dataSource.isInitialized ? unknownNames(dataSource, grandfathered) : [];
  if (unknown.length > 0)
    log.warn(
      `These grandfathered migrations no longer exist: ${unknown.join(', ')}. Remove them from the list.`,
    );
}

/** Names of the migrations that run unguarded. */
export function grandfatheredOf(dataSource: DataSource): readonly string[] {
  const listed = new Set(guardedSources.get(dataSource)?.grandfathered ?? []);
  return dataSource.migrations.map(migrationName).filter((name) => listed.has(name));
}

function guardInstances(dataSource: DataSource): void {
  for (const instance of dataSource.migrations) {
    if (isSchemaMigration(instance) || guardedInstances.has(instance)) continue;
    guardedInstances.add(instance);
    wrap(dataSource, instance, 'up');
    wrap(dataSource, instance, 'down');
  }
}

function wrap(dataSource: DataSource, instance: MigrationInterface, direction: Direction): void {
  const method = Reflect.get(instance, direction) as MigrationMethod | undefined;
  if (typeof method !== 'function') return;
  const isGrandfathered = () =>
    guardedSources.get(dataSource)?.grandfathered?.includes(migrationName(instance)) === true;
  Object.defineProperty(instance, direction, {
    configurable: true,
    writable: true,
    value: (queryRunner: QueryRunner) =>
      isGrandfathered()
        ? unguarded(() => method.call(instance, queryRunner))
        : runGuarded(instance, direction, method, queryRunner),
  });
}

function unknownNames(dataSource: DataSource, grandfathered: readonly string[]): readonly string[] {
  const names = new Set(dataSource.migrations.map(migrationName));
  return grandfathered.filter((name) => !names.has(name));
}
