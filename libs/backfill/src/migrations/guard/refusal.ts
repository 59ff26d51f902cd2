import type { DataFinding, ParseFailure, Statement, TextPosition, Unknown } from 'nestjs-backfill-sql';

/** Why a statement is refused. */
export type RefusalCause =
  | { readonly kind: 'data'; readonly finding: DataFinding }
  | { readonly kind: 'unreadable'; readonly failure: ParseFailure }
  | { readonly kind: 'undecidable'; readonly unknown: Unknown }
  /** It would switch off what the guard relies on. */
  | { readonly kind: 'blinding'; readonly setting: string }
  /** It arrived after `up()` or `down()` had ended. */
  | { readonly kind: 'late' }
  /** It commits by itself and cannot be read, so nothing could be rolled back. */
  | { readonly kind: 'unwitnessed'; readonly unknown: Unknown };

/** One statement that the guard stopped before it was sent. */
export interface Refusal {
  readonly migration: string;
  readonly direction: 'up' | 'down';
  readonly cause: RefusalCause;
  /** The statement, or the whole text where it could not be split. */
  readonly sql: string;
  readonly position: TextPosition;
  /** Statements of the same migration that were already committed by themselves. */
  readonly committed: readonly string[];
  /** The entity class of the changed table, where the data source has one. */
  readonly entity?: string;
}

/** What the guard relies on: a session in which these differ would read SQL otherwise, or count nothing. */
const RELIED_UPON: Readonly<Record<string, readonly string[]>> = {
  track_counts: ['on', 'true', '1', 'yes'],
  standard_conforming_strings: ['on', 'true', '1', 'yes'],
  /** RESET ALL, and set_config of a computed name: any setting at all. */
  '*': [],
};

/** What may be changed all the same. */
export interface JudgeOptions {
  /** `'leads'` or `'crm.leads'`. */
  readonly exemptTables: readonly string[];
  /** TypeORM's own tables, whose rows it keeps itself. */
  readonly bookkeeping: readonly string[];
}

export interface Verdict {
  readonly refused?: RefusalCause;
  /** It runs what could not be read: PostgreSQL's row counters are looked at before and after. */
  readonly watch: boolean;
}

/** Judges one classified statement. Pure: knows no database and no wording. */
export function judge(statement: Statement, { exemptTables, bookkeeping }: JudgeOptions): Verdict {
  for (const { name, value } of statement.settings) {
    const harmless = RELIED_UPON[name];
    if (harmless && !(value !== undefined && harmless.includes(value.toLowerCase())))
      return {
        refused: { kind: 'blinding', setting: name === '*' ? 'of a name that is not told' : name },
        watch: false,
      };
  }
  const finding = statement.findings.find(
    (one) => !isExempt(one, exemptTables) && !isBookkeeping(one, bookkeeping),
  );
  if (finding) return { refused: { kind: 'data', finding }, watch: false };
  const undecidable = statement.unknowns.find((one) => !isWatchable(one));
  if (undecidable) return { refused: { kind: 'undecidable', unknown: undecidable }, watch: false };
  return { watch: statement.unknowns.length > 0 || statement.calls.length > 0 };
}

/** `listed` without a schema means the table in any schema. */
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

/** What the row counters would show, should it write. */
function isWatchable({ kind, via }: Unknown): boolean {
  if (kind === 'dynamic-sql' || kind === 'unresolved-call' || kind === 'wrapped-call') return true;
  // A body that PostgreSQL has accepted and this parser cannot read; a DO block is not such a body.
  const inRoutine = via.some((step) => step.startsWith('function ') || step.startsWith('procedure '));
  return inRoutine && (kind === 'foreign-language' || kind === 'unparsed-body');
}
