import {
  type DdlStatement,
  isRestorable,
  LOCK_EFFECTS,
  type LockCatalog,
  type LockFinding,
  LockJudge,
  type SchemaState,
} from 'nestjs-backfill-sql';
import { CATCH, type SchemaEvent } from '../../evaluate/machine/event.types.js';
import { codeOfSite } from '../code-of-site.js';
import type { Finding } from '../finding.types.js';
import { fingerprintOf } from '../fingerprint.js';
import type { JudgeState, LockRuleChecker, SentSql } from '../judge.types.js';
import { withExpressions, withoutHoleNames } from '../reading/holes.js';
import { placeInMigration, regionInMigration, regionsOfSql } from '../regions.js';
import type { TableSizes } from '../severity/table-growth.js';
import { fullName } from '../table-name.js';
import type { LockDeclaration } from './lock-declaration.js';
import { sqlOfCall } from './runner-sql.js';
import { TransactionState } from './transaction-state.js';

/** PostgreSQL's policy for migrations: `policy.lockTimeout`. */
const LOCK_TIMEOUT_MS = 5000;
const SMALL_TABLE_ROWS = 10_000;

/** What is known besides the migrations. */
export interface KnownForLocks {
  readonly sizes: TableSizes;
  /** The oldest major version of PostgreSQL. */
  readonly postgres: number | undefined;
  /** What still reads a column of the application. */
  readonly readerOf: LockCatalog['readerOf'];
}

/** Applies the lock rules to the statements of one migration's `up`. */
export class LockChecker implements LockRuleChecker {
  readonly #judge: LockJudge;
  readonly #declaration: LockDeclaration;
  readonly #catalog: LockCatalog;
  readonly #postgres: number | undefined;
  readonly #transaction: TransactionState;

  /** @param schema what all migrations so far have done to the schema */
  constructor(schema: SchemaState, declaration: LockDeclaration, known: KnownForLocks) {
    schema.startRelease();
    this.#judge = new LockJudge(schema);
    this.#declaration = declaration;
    this.#transaction = new TransactionState(declaration.transaction === 'open' ? 'open' : 'none');
    this.#catalog = catalogOf(known);
    this.#postgres = known.postgres;
  }

  ofSql({ event, reading, state }: SentSql): readonly Finding[] {
    const { statements } = reading.classification;
    const found = statements.flatMap((statement) => {
      if (this.#transaction.followSql(statement.transaction)) this.#judge.endTransaction();
      const context = this.#context(this.#session(statements.length));
      // What a failed migration takes back is there if it succeeds.
      const isUndone =
        event.underConditions?.includes(CATCH) === true && statement.ddl.every(dropsConstraint);
      return isUndone
        ? this.#judge.inspect(statement.ddl, context).findings
        : this.#judge.judge(statement.ddl, context);
    });
    if (event.doubt !== undefined) return [];
    return this.#kept(found).map((finding) => ({
      ...common(finding, state, withoutHoleNames(state.classifier.normalize(finding.text))),
      message: withExpressions(finding.message, reading.holes),
      statement: withExpressions(finding.text, reading.holes),
      ...regionsOfSql(
        { event, reading, state },
        { offset: finding.position.offset, length: finding.text.length },
      ),
      line: regionInMigration(event, state.file).line,
    }));
  }

  ofCall(event: SchemaEvent, state: JudgeState): readonly Finding[] {
    if (this.#transaction.followCall(event.method)) this.#judge.endTransaction();
    const found = sqlOfCall(event).flatMap((sql) => {
      const { statements } = state.classifier.classify(sql);
      const context = this.#context(this.#session(1));
      const ddl = statements.flatMap((statement) => statement.ddl);
      return this.#judge.judge(ddl, context).filter((finding) => !isAboutMarker(finding, event));
    });
    if (event.doubt !== undefined) return [];
    const code = codeOfSite(event.site);
    return this.#kept(found).map((finding) => ({
      ...common(finding, state, code.replace(/\s+/g, '')),
      statement: code,
      ...placeInMigration(event, state.file),
    }));
  }

  /** Leaves out the views and defaults that `up` has created again before its transaction ends. */
  settled(findings: readonly Finding[]): readonly Finding[] {
    if (this.#declaration.transaction === 'none') return findings;
    const { state } = this.#judge;
    const isBack = ({ rule, table, columns: [column] = [] }: Finding): boolean => {
      if (table === undefined) return false;
      const [name = '', schema] = table.split('.').reverse();
      const dropped = { name, ...(schema !== undefined && { schema }) };
      const names = column === undefined ? {} : { column };
      return isRestorable({ rule }) && !state.dropped.isMissing({ rule, table: dropped, names });
    };
    return findings.filter((finding) => !isBack(finding));
  }

  /** One text with several statements is a transaction, unless it is a file that a runner splits. */
  #session(statements: number): 'transaction' | 'alone' {
    const { transaction } = this.#declaration;
    const isOneText = transaction !== 'unknown' && statements > 1;
    return isOneText || this.#transaction.isOpen ? 'transaction' : 'alone';
  }

  #context(session: 'transaction' | 'alone') {
    return {
      inTransaction: session === 'transaction',
      lockTimeoutMs: LOCK_TIMEOUT_MS,
      catalog: this.#catalog,
      postgres: this.#postgres,
    };
  }

  #kept(findings: readonly LockFinding[]): readonly LockFinding[] {
    const { allowed, transaction, isContract = false } = this.#declaration;
    return findings.filter(
      ({ rule }) =>
        !allowed.has(rule) &&
        !(rule === 'concurrently-in-transaction' && transaction === 'unknown') &&
        !(rule === 'drop-column' && isContract),
    );
  }
}

function dropsConstraint({ node, text }: DdlStatement): boolean {
  return node === 'AlterTableStmt' && /\bdrop\s+constraint\b/i.test(text);
}

/** `dropIndex` needs the table of the index: see `sqlOfCall`. */
function isAboutMarker({ rule }: LockFinding, { method }: SchemaEvent): boolean {
  return rule === 'concurrently-in-transaction' && /^dropInd/.test(method);
}

function common(
  finding: LockFinding,
  { direction }: JudgeState,
  normalized: string,
): Omit<Finding, 'statement' | 'region' | 'line'> {
  const { rule, message, table, lock, scans, rewrites, buildsIndex, blocks } = finding;
  return {
    rule,
    severity: LOCK_EFFECTS[rule].severity,
    reason: reasonOf(finding),
    direction,
    message,
    ...(table ? { table: fullName(table) } : {}),
    ...(finding.names.column === undefined ? {} : { columns: [finding.names.column] }),
    fingerprint: fingerprintOf(`${rule}\0${normalized}`),
    lock: { ...(lock && { mode: lock }), scans, rewrites, buildsIndex, blocks },
  };
}

function reasonOf({ lock, scans, rewrites, buildsIndex, blocks }: LockFinding): string {
  if (lock === undefined) return 'it takes no dangerous lock itself';
  const work = rewrites
    ? ' while it writes the table again'
    : buildsIndex
      ? ' while it builds an index'
      : scans
        ? ' while it reads every row'
        : '';
  return `${lock}: ${blocks} wait${work}`;
}

function catalogOf({ sizes, readerOf }: KnownForLocks): LockCatalog {
  return {
    table: (name) => {
      const size = sizes.get(fullName(name)) ?? sizes.get(name.name);
      if (size === undefined) return undefined;
      return {
        isSmall: size === 'lookup' || (typeof size === 'number' && size <= SMALL_TABLE_ROWS),
        columns: new Map(),
      };
    },
    tableOfIndex: () => undefined,
    isVolatile: () => undefined,
    isConstrainedDomain: () => undefined,
    readerOf,
  };
}
