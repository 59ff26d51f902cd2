import type { LockEffect, LockMode, LockRule } from './lock.types.js';

/** The severity of a lock rule, the worst first. @publicApi */
export type LockSeverity = 'HIGH' | 'MEDIUM' | 'LOW';

/** What a rule's statements usually do. @publicApi */
export interface RuleEffect extends LockEffect {
  /** The statement is harmless on a small table. */
  readonly dependsOnSize: boolean;
  readonly severity: LockSeverity;
}

const NOTHING = { scans: false, rewrites: false, buildsIndex: false } as const;

function scan(lock: LockMode): RuleEffect {
  return { lock, ...NOTHING, scans: true, dependsOnSize: true, severity: 'HIGH' };
}

function rewrite(lock: LockMode = 'AccessExclusiveLock'): RuleEffect {
  return { lock, scans: true, rewrites: true, buildsIndex: true, dependsOnSize: true, severity: 'HIGH' };
}

function index(lock: LockMode): RuleEffect {
  return { lock, scans: true, rewrites: false, buildsIndex: true, dependsOnSize: true, severity: 'HIGH' };
}

function change(lock: LockMode, severity: LockSeverity): RuleEffect {
  return { lock, ...NOTHING, dependsOnSize: false, severity };
}

/**
 * The lock levels of PostgreSQL 13 to 18, which a test compares with those of real servers.
 *
 * @publicApi
 */
export const LOCK_EFFECTS: Readonly<Record<LockRule, RuleEffect>> = {
  'index-not-concurrent': index('ShareLock'),
  'foreign-key-validated': scan('ShareRowExclusiveLock'),
  'check-validated': scan('AccessExclusiveLock'),
  'set-not-null-scan': scan('AccessExclusiveLock'),
  'type-rewrite': rewrite(),
  'volatile-default': rewrite(),
  'stored-generated': rewrite(),
  'serial-added': rewrite(),
  'unique-constraint': index('AccessExclusiveLock'),
  'exclusion-constraint': index('AccessExclusiveLock'),
  'primary-key-added': index('AccessExclusiveLock'),
  'not-null-without-default': { ...change('AccessExclusiveLock', 'HIGH'), scans: true },
  'rename-table': change('AccessExclusiveLock', 'HIGH'),
  'rename-column': change('AccessExclusiveLock', 'HIGH'),
  'default-dropped': change('AccessExclusiveLock', 'HIGH'),
  'drop-column-in-use': change('AccessExclusiveLock', 'HIGH'),
  'drop-column': change('AccessExclusiveLock', 'MEDIUM'),
  'drop-table': change('AccessExclusiveLock', 'MEDIUM'),
  'drop-view': change('AccessExclusiveLock', 'MEDIUM'),
  'drop-function': { ...NOTHING, dependsOnSize: false, severity: 'MEDIUM' },
  'several-tables-locked': { ...change('AccessExclusiveLock', 'MEDIUM'), dependsOnSize: true },
  'scan-under-lock': { ...NOTHING, scans: true, dependsOnSize: true, severity: 'MEDIUM' },
  'lock-table': change('AccessExclusiveLock', 'HIGH'),
  'rows-locked': { ...NOTHING, scans: true, dependsOnSize: true, severity: 'MEDIUM' },
  'refresh-not-concurrent': { ...scan('AccessExclusiveLock'), rewrites: true },
  'cluster-or-vacuum-full': rewrite(),
  'enum-value-renamed': { ...NOTHING, dependsOnSize: false, severity: 'HIGH' },
  'partition-attached-unchecked': scan('AccessExclusiveLock'),
  'partition-created': { ...change('AccessExclusiveLock', 'MEDIUM'), dependsOnSize: true },
  'partition-detached': { ...change('AccessExclusiveLock', 'MEDIUM'), dependsOnSize: true },
  'trigger-on-large-table': {
    ...change('ShareRowExclusiveLock', 'MEDIUM'),
    dependsOnSize: true,
  },
  'lock-timeout-raised': { ...NOTHING, dependsOnSize: false, severity: 'MEDIUM' },
  'json-column': change('AccessExclusiveLock', 'MEDIUM'),
  'integer-key': { ...NOTHING, dependsOnSize: false, severity: 'LOW' },
  'concurrently-in-transaction': { ...NOTHING, dependsOnSize: false, severity: 'HIGH' },
};
