import type { SqlParser } from 'nestjs-backfill-sql/tree';
import type { Finding } from '../../judge/finding.types.js';
import type { ProjectSources } from '../project/entity.finder.js';
import { bare } from '../project/names.js';
import type { SchemaBook } from '../project/schema-book.js';
import type { StatementContext } from '../sql/movable.types.js';
import { NotMovableError } from '../sql/not-movable.error.js';
import { readStatement } from '../sql/statement.reader.js';
import type { CodeUnit, SqlPiece } from './code-units.js';
import type { DataPlace, Move, Refusal } from './move.types.js';
import { cutReason } from './schema-in-code.js';
import { columnsAdded, isDataPiece, tableOf } from './schema-change.js';
import { sessionReason } from './session-state.js';

export interface MoveReaderContext {
  readonly parser: SqlParser;
  readonly schema: SchemaBook;
  readonly sources: ProjectSources;
  readonly lineOf: (offset: number) => number;
  /** Why the code at an offset may not run; undefined if it always runs once. */
  readonly conditionAt: (offset: number) => string | undefined;
  /** The code of a unit with the declarations that it needs. */
  readonly codeOf: (unit: CodeUnit) => string;
  /** The name of the query runner in this code. */
  readonly runner: string;
}

const LOOPS = new Set([
  'ForStatement',
  'ForOfStatement',
  'ForInStatement',
  'WhileStatement',
  'DoWhileStatement',
]);

/** Reads the data changes of a method's statements. */
export class MoveReader {
  readonly #units: readonly CodeUnit[];
  readonly #context: MoveReaderContext;
  readonly moves: Move[] = [];
  readonly refusals: Refusal[] = [];

  constructor(units: readonly CodeUnit[], context: MoveReaderContext) {
    this.#units = units;
    this.#context = context;
  }

  read(
    findings: readonly Finding[],
    suppressed: readonly number[],
  ): { readonly moves: readonly Move[]; readonly refusals: readonly Refusal[] } {
    for (const [at, unit] of this.#units.entries()) {
      const inside = findings.filter(({ region }) => unit.start <= region.start && region.start < unit.end);
      const lines = [unit.start, unit.end].map(this.#context.lineOf);
      const isSuppressed = suppressed.some((line) => line >= (lines[0] ?? 0) && line <= (lines[1] ?? 0));
      if (inside.length === 0) continue;
      if (isSuppressed) this.#refuse(at, 'a comment suppresses a finding in the same statement');
      else if (unit.sql) this.#readSql(at, unit, unit.sql);
      else this.#readCode(at, unit, inside);
    }
    const placed = (finding: Finding): boolean =>
      this.#units.some(({ start, end }) => start <= finding.region.start && finding.region.start < end);
    for (const finding of findings)
      if (!placed(finding))
        this.refusals.push({
          place: { unit: -1, piece: undefined, line: finding.region.line },
          reason: 'its SQL is not written in the call that sends it',
        });
    return this;
  }

  #refuse(unit: number, reason: string, piece?: number): void {
    const place: DataPlace = { unit, piece, line: this.#context.lineOf(this.#units[unit]?.start ?? 0) };
    this.refusals.push({ place, reason });
  }

  #readSql(at: number, unit: CodeUnit, pieces: readonly SqlPiece[]): void {
    const condition = this.#context.conditionAt(unit.start);
    for (const [index, piece] of pieces.entries()) {
      if (!isDataPiece(piece)) continue;
      const reason = condition ?? sessionReason(this.#units, { at, piece: index }, this.#context.lineOf);
      if (reason !== undefined) {
        this.#refuse(at, reason, index);
        continue;
      }
      try {
        const moved = readStatement(piece.text, unit.parameters, this.#statementContext(at, index));
        this.moves.push({ place: { unit: at, piece: index, line: this.#context.lineOf(unit.start) }, moved });
      } catch (error) {
        if (!(error instanceof NotMovableError)) throw error;
        this.#refuse(at, error.reason, index);
      }
    }
    if (!pieces.some(isDataPiece)) this.#refuse(at, 'it calls a function that changes rows');
  }

  /** A loop or a write through TypeORM becomes a skeleton with its code. */
  #readCode(at: number, unit: CodeUnit, findings: readonly Finding[]): void {
    const condition =
      this.#context.conditionAt(unit.start) ??
      sessionReason(this.#units, { at }, this.#context.lineOf) ??
      cutReason(unit, this.#context.parser);
    const isMovable = LOOPS.has(unit.node.type) || unit.node.type === 'ExpressionStatement';
    const table = findings.find(
      (finding) => finding.table !== undefined && !finding.table.includes('${'),
    )?.table;
    if (condition !== undefined || !isMovable || table === undefined) {
      this.#refuse(at, condition ?? (isMovable ? 'its table is not known' : reasonOf(unit)));
      return;
    }
    const columns = findings
      .filter((finding) => finding.table === table)
      .flatMap(({ sql, columns: written }) => sql?.set.map(({ column }) => column) ?? written ?? []);
    const [name = '', schema] = table.split('.').reverse();
    this.moves.push({
      place: { unit: at, piece: undefined, line: this.#context.lineOf(unit.start) },
      moved: {
        kind: 'skeleton',
        table: name,
        schema,
        columns: [...new Set(columns)],
        code: this.#context.codeOf(unit),
        runner: this.#context.runner,
      },
    });
  }

  #statementContext(at: number, piece: number): StatementContext {
    const { parser, schema, sources } = this.#context;
    return {
      parser,
      newColumns: (table) => this.#newColumns(table, at, piece),
      primaryKey: (table) => {
        const entity = sources.entityOf(table, [])?.primaryKey ?? [];
        const known = [...(schema.primaryKey(bare(table)) ?? []), ...entity];
        return known.length > 0 ? known : ['id'];
      },
      uniqueKeys: (table) => [...schema.keysOf(bare(table)), ...(sources.entityOf(table, [])?.keys ?? [])],
    };
  }

  /** Columns that the statements before added and that nothing has written since. */
  #newColumns(table: string, at: number, piece: number): ReadonlySet<string> {
    const columns = new Set<string>();
    for (const [index, unit] of this.#units.slice(0, at + 1).entries()) {
      // Other code may write the columns.
      if (!unit.sql && unit.usesDatabase) columns.clear();
      const pieces = index === at ? (unit.sql ?? []).slice(0, piece) : (unit.sql ?? []);
      for (const each of pieces) followColumns(columns, each, table);
    }
    return columns;
  }
}

/** Adds the columns that a statement adds to the table, and removes those that it may write. */
function followColumns(columns: Set<string>, piece: SqlPiece, table: string): void {
  const added = columnsAdded(piece);
  if (added?.table === table) for (const column of added.columns) columns.add(column);
  if (piece.kind === 'SelectStmt' || piece.kind === 'DoStmt') columns.clear();
  if (!isDataPiece(piece) || tableOf(piece) !== table) return;
  for (const column of [...columns]) if (piece.names.has(column)) columns.delete(column);
}

function reasonOf({ node }: CodeUnit): string {
  switch (node.type) {
    case 'VariableDeclaration':
    case 'ReturnStatement':
      return 'the migration uses its result';
    case 'IfStatement':
    case 'SwitchStatement':
      return 'it runs only under a condition';
    case 'TryStatement':
      return 'a try statement handles its errors';
    default:
      return 'its statement cannot be cut out of the code around it';
  }
}
