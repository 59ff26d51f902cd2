import type { Site } from '../evaluate/values/value.types.js';
import type { Finding } from '../judge/finding.types.js';
import { fingerprintOf } from '../judge/fingerprint.js';
import { regionOfSite } from '../judge/regions.js';
import { fullName } from '../judge/table-name.js';
import type { TableName } from '../schema/schema-change.types.js';
import type { Moment } from './schema-timeline.js';

/** Who uses a column: `the entity Lead`, `the backfill leads-status`. */
export interface ColumnUser {
  readonly who: string;
  readonly table: TableName;
  readonly site: Site;
}

/** A column, or a whole table, that no migration adds. */
export function neverAdded({ who, table, site }: ColumnUser, column?: string): Finding {
  const name = fullName(table);
  const what = column === undefined ? `creates the table ${name}` : `adds the column ${name}.${column}`;
  return {
    rule: 'column-not-added',
    severity: 'HIGH',
    message: `no migration ${what}, which ${who} uses`,
    reason: 'its queries fail on every database that these migrations built',
    table: name,
    statement: codeOfSite(site),
    fingerprint: fingerprintOf(`column-not-added\0${name}\0${column ?? ''}\0${who}`),
    ...placeOf(site),
  };
}

/** A column that a migration adds only after the backfill that uses it. */
export function addedTooLate({ who, table, site }: ColumnUser, column: string, added: Moment): Finding {
  const name = fullName(table);
  return {
    rule: 'column-not-added',
    severity: 'HIGH',
    message: `${who} uses the column ${name}.${column}, but ${added.migration.name}, which adds it, waits for this backfill`,
    reason: 'the migration and the backfill wait for each other',
    table: name,
    statement: codeOfSite(site),
    fingerprint: fingerprintOf(`column-not-added\0late\0${name}\0${column}\0${who}`),
    ...placeOf(site),
    elsewhere: added.placed.region,
  };
}

/** A column, or a whole table, that a migration removes while the code still uses it. */
export function removedInUse({ who, table, site }: ColumnUser, removed: Moment, column?: string): Finding {
  const name = column === undefined ? fullName(table) : `${fullName(table)}.${column}`;
  const { region, statement } = removed.placed;
  return {
    rule: 'column-dropped',
    severity: 'HIGH',
    message: removalSentence(removed, name, who),
    reason: 'queries of the running application fail from then on',
    direction: 'up',
    table: fullName(table),
    statement,
    fingerprint: fingerprintOf(`column-dropped\0${name}\0${who}`),
    region,
    line: region.line,
    elsewhere: regionOfSite(site),
  };
}

function removalSentence({ placed: { change } }: Moment, name: string, who: string): string {
  if (change.kind === 'rename-column')
    return `the migration renames the column ${name} to ${change.to}, but ${who} still uses the old name`;
  const what = change.kind === 'drop-table' ? 'table' : 'column';
  return `the migration drops the ${what} ${name}, but ${who} still uses it`;
}

const MAX_SHOWN = 6;

/** Columns whose state is not certain: a note, which does not fail the check. */
export function undecidedColumns(
  { who, table, site }: ColumnUser,
  columns: readonly string[],
  reason: string,
): Finding {
  const name = fullName(table);
  const more = columns.length > MAX_SHOWN ? `, and ${String(columns.length - MAX_SHOWN)} more` : '';
  const what =
    columns.length === 0
      ? `the table ${name}`
      : `these columns of ${name}: ${columns.slice(0, MAX_SHOWN).join(', ')}${more}`;
  return {
    rule: 'column-undecided',
    severity: 'LOW',
    message: `for ${who}, the guard cannot decide whether the migrations add ${what}`,
    reason,
    table: name,
    statement: '',
    fingerprint: fingerprintOf(`column-undecided\0${name}\0${columns.join()}\0${who}`),
    ...placeOf(site),
  };
}

function placeOf(site: Site): Pick<Finding, 'region' | 'line'> {
  const region = regionOfSite(site);
  return { region, line: region.line };
}

function codeOfSite({ source, start, end }: Site): string {
  return source.slice(start, end).replace(/\s+/g, ' ').trim();
}
