import type { DataFinding, ParseFailure, Statement, TextPosition, Unknown } from 'nestjs-backfill-sql';
import type { DataSource } from 'typeorm';

/** Why a statement is refused. */
export type RefusalCause =
  | { readonly kind: 'data'; readonly finding: DataFinding }
  | { readonly kind: 'unreadable'; readonly failure: ParseFailure }
  | { readonly kind: 'undecidable'; readonly unknown: Unknown }
  /** The statement would change a setting that the guard needs. */
  | { readonly kind: 'blinding'; readonly setting: string }
  /** The statement was sent after `up()` or `down()` had ended. */
  | { readonly kind: 'late' }
  /**
   * The statement commits its own changes and the guard cannot read it, so the changes could not be rolled
   * back.
   */
  | { readonly kind: 'unwitnessed'; readonly unknown: Unknown };

/** A statement that the guard refused before it was sent. */
export interface Refusal {
  readonly migration: string;
  readonly direction: 'up' | 'down';
  /** What sent it, unless the migration itself did. */
  readonly subject?: string;
  readonly cause: RefusalCause;
  /** The statement, or the whole text if it could not be split. */
  readonly sql: string;
  readonly position: TextPosition;
  /** Statements of the same migration that were already committed. */
  readonly committed: readonly string[];
  /** The entity class of the changed table, if the data source has one. */
  readonly entity?: string;
}

/**
 * Settings that the guard needs, with their allowed values. With other values, PostgreSQL parses SQL
 * differently or counts no rows.
 */
const NEEDED_SETTINGS: Readonly<Record<string, readonly string[]>> = {
  track_counts: ['on', 'true', '1', 'yes'],
  standard_conforming_strings: ['on', 'true', '1', 'yes'],
  /** Any setting: RESET ALL, or set_config with a computed name. */
  '*': [],
};

/** Tables whose rows may be changed. */
export interface JudgeOptions {
  /** `'leads'` or `'crm.leads'`. */
  readonly exemptTables: readonly string[];
  /** TypeORM's own tables. */
  readonly bookkeeping: readonly string[];
}

export interface Verdict {
  readonly refused?: RefusalCause;
  /**
   * The statement contains SQL that the guard cannot read, so PostgreSQL's row counters are compared before
   * and after it.
   */
  readonly mustCountRows: boolean;
}

/** Decides on one classified statement. It needs no database and builds no message. */
export function judge(statement: Statement, { exemptTables, bookkeeping }: JudgeOptions): Verdict {
  for (const { name, value } of statement.settings) {
    const harmless = NEEDED_SETTINGS[name];
    if (harmless && !(value !== undefined && harmless.includes(value.toLowerCase())))
      return {
        refused: { kind: 'blinding', setting: name === '*' ? 'with an unknown name' : name },
        mustCountRows: false,
      };
  }
  const finding = statement.findings.find(
    (one) => !isExempt(one, exemptTables) && !isBookkeeping(one, bookkeeping),
  );
  if (finding) return { refused: { kind: 'data', finding }, mustCountRows: false };
  const undecidable = statement.unknowns.find((one) => !isCountable(one));
  if (undecidable) return { refused: { kind: 'undecidable', unknown: undecidable }, mustCountRows: false };
  return { mustCountRows: statement.unknowns.length > 0 || statement.calls.length > 0 };
}

/** A `listed` table without a schema matches in any schema. */
export function coversTable(
  listed: string,
  table: { readonly schema?: string; readonly name: string },
): boolean {
  const [name, schema] = listed.split('.').reverse();
  return (
    name === table.name && (schema === undefined || table.schema === undefined || schema === table.schema)
  );
}

function isExempt({ table }: DataFinding, exemptTables: readonly string[]): boolean {
  return table !== undefined && exemptTables.some((listed) => coversTable(listed, table));
}

function isBookkeeping(
  { table, operation, via, dynamic }: DataFinding,
  bookkeeping: readonly string[],
): boolean {
  const own = table !== undefined && bookkeeping.some((listed) => coversTable(listed, table));
  return own && ['insert', 'update', 'delete'].includes(operation) && via.length === 0 && !dynamic;
}

/** Whether the row counters show the rows that the unknown SQL writes. */
function isCountable({ kind, via }: Unknown): boolean {
  if (kind === 'dynamic-sql' || kind === 'unresolved-call' || kind === 'wrapped-call') return true;
  // PostgreSQL has accepted the body of this routine, but the parser cannot read it. This does not apply to a
  // DO block.
  const inRoutine = via.some((step) => step.startsWith('function ') || step.startsWith('procedure '));
  return inRoutine && (kind === 'foreign-language' || kind === 'unparsed-body');
}

/** What the guard has not read of a statement. */
export function unknownOf({ unknowns: [unknown], calls: [call], position, text }: Statement): Unknown {
  const detail = call ? `it calls ${call.name}(), which the guard has not read` : 'it calls a routine';
  return unknown ?? { kind: 'unresolved-call', detail, position, text, via: [], ...(call && { call }) };
}

export function entityOf(dataSource: DataSource, table: string | undefined): string | undefined {
  const metadata = dataSource.entityMetadatas.find(({ tableName }) => tableName === table);
  return metadata?.targetName === '' ? undefined : metadata?.targetName;
}
