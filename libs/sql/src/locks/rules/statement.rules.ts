import type { TableName } from '../../classification/statement.types.js';
import { hasOption } from '../../classification/statement-kinds.js';
import { constantText, type Json, list, nodesOf, nodeOf, text } from '../../parser/parser-nodes.js';
import type { DdlStatement } from '../ddl-statement.js';
import type { LockMode } from '../lock.types.js';
import { blockedBy, fullTableName, type StatementInspection } from '../statement-inspection.js';
import { nameOfParts, tableOf } from '../table-names.js';
import { scanUnderLock } from './query.rules.js';

const RENAMED_RELATIONS = new Set(['OBJECT_TABLE', 'OBJECT_VIEW', 'OBJECT_MATVIEW', 'OBJECT_FOREIGN_TABLE']);

export function rename(on: StatementInspection): void {
  const { fields } = on.ddl;
  const type = text(fields['renameType']) ?? '';
  const table = tableOf(fields['relation']);
  const to = text(fields['newname']) ?? '';
  if (type === 'OBJECT_COLUMN' && table) {
    const column = text(fields['subname']) ?? '';
    // ALTER INDEX … RENAME COLUMN does not exist, and the columns of a type are attributes.
    if (!on.state.hasAdded(table, column))
      on.report('rename-column', {
        table,
        message: `releases that still run fail when they read ${fullTableName(table)}.${column}`,
        names: { column, to },
      });
    on.state.renameColumn(table, column, to);
  } else if (RENAMED_RELATIONS.has(type) && table) {
    // ALTER TABLE also renames indexes and sequences.
    on.report('rename-table', {
      table,
      message: `releases that still run fail when they read ${fullTableName(table)}`,
      names: { to },
    });
    on.state.rename(table, { ...table, name: to });
  } else if (type === 'OBJECT_INDEX' && table) on.state.rename(table, { ...table, name: to });
  else if (type === 'OBJECT_TYPE' || type === 'OBJECT_DOMAIN') renameType(on, fields, to);
  else if (type === 'OBJECT_SCHEMA') renameSchema(on, text(fields['subname']) ?? '', to);
}

function renameType(on: StatementInspection, fields: Json, to: string): void {
  const name = nameOfParts(fields['object']);
  if (name && on.state.isNew(name)) on.state.rename(name, { ...name, name: to });
}

function renameSchema(on: StatementInspection, schema: string, to: string): void {
  if (on.state.isUnused({ name: schema })) return;
  on.report('rename-table', {
    message: `releases that still run fail when they read a table of the schema ${schema}`,
    names: { to },
  });
}

export function alterSchema(on: StatementInspection): void {
  const { fields } = on.ddl;
  const table = tableOf(fields['relation']);
  const schema = text(fields['newschema']) ?? '';
  if (!table || !RENAMED_RELATIONS.has(text(fields['objectType']) ?? '')) return;
  on.report('rename-table', {
    table,
    message: `releases that still run do not find ${fullTableName(table)} in its new schema`,
    names: { to: `${schema}.${table.name}` },
  });
  on.state.rename(table, { schema, name: table.name });
}

/** ALTER TYPE … RENAME VALUE. */
export function alterEnum(on: StatementInspection): void {
  const { fields } = on.ddl;
  const type = nameOfParts(fields['typeName']);
  const version = on.olderThan(12);
  if (
    fields['oldVal'] === undefined &&
    version !== undefined &&
    on.context.inTransaction &&
    !on.state.isNew(type)
  )
    on.report('concurrently-in-transaction', {
      message: `PostgreSQL ${version} refuses ALTER TYPE … ADD VALUE inside a transaction`,
    });
  if (fields['oldVal'] === undefined || on.state.isUnused(type)) return;
  const from = text(fields['oldVal']) ?? '';
  on.report('enum-value-renamed', {
    message: `releases that still run fail when they read or write '${from}'`,
    names: { ...(type && { type: fullTableName(type) }), column: from, to: text(fields['newVal']) ?? '' },
  });
}

export function alterDomain(on: StatementInspection): void {
  const { fields } = on.ddl;
  const domain = nameOfParts(fields['typeName']);
  if (!domain || on.state.isUnused(domain)) return;
  const constraint = nodeOf(fields['def'], 'Constraint');
  const names = { type: fullTableName(domain) };
  if (fields['subtype'] === 'C' && constraint && constraint['skip_validation'] !== true)
    on.report('check-validated', {
      lock: 'ShareLock',
      message: `the CHECK reads every table that has a column of ${names.type} while writes to these tables wait`,
      names,
    });
  if (fields['subtype'] === 'V')
    on.report('check-validated', {
      lock: 'ShareLock',
      message: `VALIDATE CONSTRAINT of a domain reads every table that has a column of ${names.type} while writes to these tables wait`,
      names,
    });
  if (fields['subtype'] === 'O')
    on.report('set-not-null-scan', {
      lock: 'ShareLock',
      message: `SET NOT NULL reads every table that has a column of ${names.type} while writes to these tables wait`,
      names,
    });
}

/** CREATE RULE. */
export function createRule(on: StatementInspection): void {
  const table = tableOf(on.ddl.fields['relation']);
  if (!table) return;
  on.report('trigger-on-large-table', {
    table,
    lock: 'AccessExclusiveLock',
    message: `CREATE RULE waits for every query of ${fullTableName(table)}, later queries wait for it, and PostgreSQL then rewrites each of them`,
  });
}

export function createTrigger(on: StatementInspection): void {
  const table = tableOf(on.ddl.fields['relation']);
  if (!table) return;
  on.report('trigger-on-large-table', {
    table,
    message: `CREATE TRIGGER waits for every write to ${fullTableName(table)}, later writes wait for it, and each of them then runs the trigger`,
  });
}

/** LOCKMODE numbers of PostgreSQL's source. */
export const LOCK_MODES: Readonly<Record<number, LockMode>> = {
  5: 'ShareLock',
  6: 'ShareRowExclusiveLock',
  7: 'ExclusiveLock',
  8: 'AccessExclusiveLock',
};

export function lockTable(on: StatementInspection): void {
  const lock = LOCK_MODES[Number(on.ddl.fields['mode'])];
  if (!lock) return;
  for (const item of list(on.ddl.fields['relations'])) {
    const table = tableOf(item);
    if (table)
      on.report('lock-table', {
        table,
        lock,
        message: `LOCK TABLE makes ${blockedBy(lock)} of ${fullTableName(table)} wait until the transaction ends`,
      });
  }
}

export function refresh(on: StatementInspection): void {
  const { fields } = on.ddl;
  const table = tableOf(fields['relation']);
  if (!table) return;
  if (fields['concurrent'] === true) return scanUnderLock(on, table, 'REFRESH');
  on.report('refresh-not-concurrent', {
    table,
    message: `REFRESH computes ${fullTableName(table)} again while reads of it wait`,
  });
}

export function cluster(on: StatementInspection): void {
  const table = tableOf(on.ddl.fields['relation']);
  on.report('cluster-or-vacuum-full', {
    table,
    message: `CLUSTER writes ${table ? `the whole table ${fullTableName(table)}` : 'every clustered table'} again while reads and writes wait`,
  });
}

export function vacuum(on: StatementInspection): void {
  const { fields } = on.ddl;
  if (!hasOption(fields['options'], 'full')) return;
  const tables: readonly (TableName | undefined)[] = nodesOf(fields['rels'], 'VacuumRelation').map(
    ({ relation }) => tableOf(relation),
  );
  for (const table of tables.length > 0 ? tables : [undefined])
    on.report('cluster-or-vacuum-full', {
      table,
      message: `VACUUM FULL writes ${table ? `the whole table ${fullTableName(table)}` : 'every table'} again while reads and writes wait`,
    });
}

const UNIT_MS: Readonly<Record<string, number>> = {
  us: 0.001,
  ms: 1,
  s: 1_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** SET lock_timeout, and set_config. */
export function changeLockTimeout(on: StatementInspection, value: string | undefined): void {
  const [, digits = '', unit = 'ms'] = /^\s*'?\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*'?\s*$/.exec(value ?? '') ?? [];
  const milliseconds = Number(digits || Number.NaN) * (UNIT_MS[unit === '' ? 'ms' : unit] ?? Number.NaN);
  const { lockTimeoutMs } = on.context;
  if (milliseconds > 0 && milliseconds <= lockTimeoutMs) return;
  on.report('lock-timeout-raised', {
    message: `a statement may wait for its lock ${milliseconds > 0 ? `for ${value ?? ''}` : 'without a limit'}, and every query of the table then waits behind it`,
  });
}

/** ALTER ROLE … SET and ALTER DATABASE … SET: for later sessions. */
export function changeLaterTimeout(on: StatementInspection): void {
  const setting =
    nodeOf(on.ddl.fields['setstmt'], 'VariableSetStmt') ?? (on.ddl.fields['setstmt'] as Json | undefined);
  if (text(setting?.['name'])?.toLowerCase() !== 'lock_timeout') return;
  changeLockTimeout(on, setting && settingValue(setting));
}

export function settingValue(fields: Json): string | undefined {
  return constantText(list(fields['args'])[0]);
}

/** What SET TIME ZONE has set. */
export interface TimeZone {
  /** It decides whether timestamp and timestamptz have the same values. A default counts as another zone. */
  readonly isUtc: boolean;
  /** It ends with the transaction. */
  readonly isLocal: boolean;
}

const UTC_ZONES = new Set(['utc', 'etc/utc', 'gmt', 'etc/gmt', 'uct', 'etc/uct', 'zulu', 'universal']);

/** Whether timestamps have the same values in this time zone as in UTC. @publicApi */
export function isUtcZone(name: string): boolean {
  return UTC_ZONES.has(name.toLowerCase());
}

/** @returns undefined if the statement sets no time zone */
export function timeZoneSetBy({ node, fields }: DdlStatement): TimeZone | undefined {
  if (node !== 'VariableSetStmt' || text(fields['name'])?.toLowerCase() !== 'timezone') return undefined;
  const zone = settingValue(fields);
  return { isUtc: zone !== undefined && isUtcZone(zone), isLocal: fields['is_local'] === true };
}
