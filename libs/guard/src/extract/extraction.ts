import type { SqlParser } from 'nestjs-backfill-sql/tree';
import type { Finding } from '../judge/finding.types.js';
import { parseModule } from '../source/module-parser.js';
import type { ParsedModule } from '../source/parsed-module.js';
import { earlyReturn, homeMethod, type HomeMethod } from './code/migration-code.js';
import { usesThis, type CodeUnit } from './code/code-units.js';
import { MethodUnits } from './code/method-units.js';
import { MoveReader } from './code/move.reader.js';
import { MovePlanner } from './code/move-planner.js';
import { isDataPiece } from './code/schema-change.js';
import type { SentCodeFinder } from './code/sent-code.js';
import type { ContractPart, Move, MovePlan, Refusal } from './code/move.types.js';
import type { ProjectSources } from './project/entity.finder.js';
import type { SchemaBook } from './project/schema-book.js';
import { announce, BackfillWriter } from './write/backfill.writer.js';
import { contractMigration, unindented, type Contract } from './write/contract.writer.js';
import type { Backfill, GeneratedFile } from './write/generated.types.js';
import { mergedImports } from './write/imports.js';
import { applyEdits, remainderEdits, wholeLine } from './write/remainder.js';
import { reversalOf, type Reversal } from './write/reversal.js';
import { TableWriter } from './write/table.writer.js';
import { usedCode } from './write/used-code.js';

export interface ExtractionContext {
  readonly parser: SqlParser;
  readonly sources: ProjectSources;
  readonly schema: SchemaBook;
  /** The folder of the backfills. */
  readonly folder: string;
}

export interface NotExtracted {
  readonly line: number;
  readonly reason: string;
}

/** What `extract` makes of one migration. */
export interface Extraction {
  readonly backfills: readonly Backfill[];
  /** EntitySchemas of tables that have no entity. */
  readonly tables: readonly GeneratedFile[];
  readonly contract: Contract | undefined;
  /** The migration without the moved statements. */
  readonly migration: string;
  readonly kept: readonly NotExtracted[];
}

export interface ExtractionSource {
  readonly module: ParsedModule;
  /** The migration's class. */
  readonly name: string;
  /** The data changes of `up`, without suppressed ones. */
  readonly findings: readonly Finding[];
  /** Lines of suppressed data changes. */
  readonly suppressed: readonly number[];
  readonly sentCode: SentCodeFinder;
}

/** Moves the data changes of a migration into backfills. */
export function extract(source: ExtractionSource, context: ExtractionContext): Extraction {
  const kept: NotExtracted[] = [];
  const methods = new Map<string, { readonly home: HomeMethod; readonly findings: Finding[] }>();
  for (const finding of source.findings) {
    const home = finding.elsewhere ? undefined : homeMethod(source.module, finding.region.start);
    if (!home) {
      kept.push({ line: finding.region.line, reason: elsewhereReason(finding) });
      continue;
    }
    const known = methods.get(home.name) ?? { home, findings: [] };
    known.findings.push(finding);
    methods.set(home.name, known);
  }
  const [method, ...others] = methods.values();
  if (!method)
    return { backfills: [], tables: [], contract: undefined, migration: source.module.source.text, kept };
  const extraction = new MethodExtraction(source, { ...context, home: method.home }).run(
    method.findings,
    others.flatMap((other) => other.findings),
  );
  return { ...extraction, kept: [...kept, ...extraction.kept].sort((a, b) => a.line - b.line) };
}

function elsewhereReason({ elsewhere }: Finding): string {
  return elsewhere
    ? 'its statement is in another file, which may send it elsewhere too'
    : 'its statement is not in a method of the migration';
}

interface MethodContext extends ExtractionContext {
  readonly home: HomeMethod;
}

class MethodExtraction {
  readonly #source: ExtractionSource;
  readonly #context: MethodContext;
  readonly #methods: MethodUnits;
  readonly #units: readonly CodeUnit[];

  constructor(source: ExtractionSource, context: MethodContext) {
    this.#source = source;
    this.#context = context;
    this.#methods = new MethodUnits({ ...source, ...context });
    this.#units = this.#methods.all;
  }

  /** @param others data changes of other methods, which stay */
  run(findings: readonly Finding[], others: readonly Finding[]): Extraction {
    const { module } = this.#source;
    const lineOf = (offset: number): number => module.source.positionAt(offset).line;
    const reader = new MoveReader(this.#units, {
      ...this.#context,
      lineOf,
      conditionAt: (offset) => this.#context.home.condition ?? earlyReturn(this.#context.home.body, offset),
      codeOf: (unit) => this.#codeOf(unit),
      runner: this.#context.home.runner,
    });
    const { moves, refusals } = reader.read(findings, this.#source.suppressed);
    const planner = new MovePlanner(this.#units, {
      lineOf,
      carriedBy: (moves) => this.#unused(codeUnits(moves, this.#units)),
      readsOf: (move) => this.#used(codeUnits([move], this.#units)).units.filter(readsRows),
    });
    const plan = planner.plan(moves, [...refusals, ...others.map((finding) => this.#staying(finding))]);
    const blocked = this.#blockedContract(plan.contract);
    if (blocked !== undefined && plan.moves.length > 0)
      return this.#write(
        planner.plan([], [...plan.refusals, ...plan.moves.map(({ place }) => ({ place, reason: blocked }))]),
      );
    const written = this.#write(plan);
    if (parseModule(module.source.path, written.migration).ok) return written;
    const reason = 'the migration would not be valid without it; write one statement on a line';
    return this.#write(
      planner.plan([], [...plan.refusals, ...plan.moves.map(({ place }) => ({ place, reason }))]),
    );
  }

  #staying({ region }: Finding): Refusal {
    const unit = this.#units.findIndex(({ start, end }) => start <= region.start && region.start < end);
    const piece = this.#units[unit]?.sql?.findIndex(isDataPiece);
    const reason = 'another method of the migration also changes rows';
    return { place: { unit, piece, line: region.line }, reason };
  }

  /** Why the code behind the moved statements cannot move into a migration of its own. */
  #blockedContract(parts: readonly ContractPart[]): string | undefined {
    const { module } = this.#source;
    const line = ({ start }: CodeUnit): string => String(module.source.positionAt(start).line);
    const own = parts.find(({ unit }) => usesThis(unit.node));
    if (own) return `line ${line(own.unit)} must run after it, and uses \`this\``;
    const ends = parts.find(({ unit }) => /\breturn\b/.test(unit.text) && !unit.sql);
    if (ends) return `line ${line(ends.unit)} must run after it, and can return`;
    for (const part of parts) {
      const block = this.#methods.blockOf(part);
      if (block !== undefined) return block;
    }
    const moved = new Set(parts.map(({ unit }) => unit));
    const { units } = this.#used(parts.map(({ unit }) => unit));
    const read = units.find((unit) => !moved.has(unit) && (unit.usesDatabase || usesThis(unit.node)));
    return read && `the code after it needs what line ${line(read)} reads`;
  }

  #used(units: readonly CodeUnit[]) {
    const { module } = this.#source;
    return usedCode(
      module,
      units.map(({ node }) => node),
      { units: this.#methods.beside(units), folder: this.#context.folder },
    );
  }

  /** The code of a unit with the declarations that it needs. */
  #codeOf(unit: CodeUnit): string {
    return [...this.#used([unit]).units, unit].flatMap(unindented).join('\n');
  }

  #write(plan: MovePlan): Extraction {
    const { module, name } = this.#source;
    const { folder } = this.#context;
    const tables = new TableWriter(this.#context);
    for (const move of plan.moves) announce(tables, move);
    const writer = new BackfillWriter({ tables, folder, migration: name });
    const backfills = new Map<Move, Backfill>();
    for (const move of plan.moves) {
      const after = (plan.after.get(move) ?? []).flatMap((earlier) => backfills.get(earlier) ?? []);
      backfills.set(move, this.#withModuleCode(writer.write(move, after)));
    }
    const written = [...backfills.values()];
    const edits = remainderEdits(module.source.text, {
      units: this.#units,
      backfills: written,
      contract: plan.contract,
      unused: this.#unused([
        ...codeUnits(plan.moves, this.#units),
        ...plan.contract.filter(({ pieces }) => !pieces).map(({ unit }) => unit),
      ]),
    });
    const reversal = reversalOf(plan.contract, { ...this.#context, module, migration: name });
    const gone = reversal.kind === 'statements' ? reversal.moved : [];
    return {
      backfills: written,
      tables: tables.files(),
      contract: plan.contract.length === 0 ? undefined : this.#contract(plan.contract, written, reversal),
      migration: applyEdits(module.source.text, [
        ...edits,
        ...gone.map((unit) => wholeLine(module.source.text, unit)),
      ]),
      kept: plan.refusals.map(({ place, reason }) => ({ line: place.line, reason })),
    };
  }

  #withModuleCode(backfill: Backfill): Backfill {
    const { place, moved } = backfill.move;
    const unit = this.#units[place.unit];
    if (moved.kind !== 'skeleton' || !unit) return backfill;
    const [imports = '', ...rest] = backfill.file.code.split('\n\n');
    const merged = mergedImports(imports, this.#used([unit]).moduleCode, moved.code);
    return { ...backfill, file: { ...backfill.file, code: [merged, ...rest].join('\n\n') } };
  }

  #contract(parts: readonly ContractPart[], backfills: readonly Backfill[], reversal: Reversal): Contract {
    const { module, name } = this.#source;
    const units = parts.map(({ unit }) => unit);
    const used = usedCode(
      module,
      units.map(({ node }) => node),
      { units: this.#methods.beside(units), folder: module.source.path.replace(/[^/\\]*$/, '') || '.' },
    );
    return contractMigration({
      module,
      home: this.#context.home,
      migration: name,
      parts,
      backfills,
      reversal,
      used: { ...used, units: used.units.filter((unit) => !units.includes(unit)) },
    });
  }

  /** Declarations that only code that moves away uses. */
  #unused(gone: readonly CodeUnit[]): readonly CodeUnit[] {
    const candidates = this.#used(gone).units.filter((unit) => !gone.includes(unit));
    return candidates.filter(({ declares }, _at, all) => {
      const others = this.#units.filter((unit) => !gone.includes(unit) && !all.includes(unit));
      return !others.some((unit) => declares.some((name) => unit.names.has(name)));
    });
  }
}

/** A declaration such as `const rows = await queryRunner.query(…)`. */
function readsRows({ text, sent, usesDatabase }: CodeUnit): boolean {
  return usesDatabase && (/\bawait\b/.test(text) || sent.texts.length > 0);
}

/** The units that move as code, not as SQL. */
function codeUnits(moves: readonly Move[], units: readonly CodeUnit[]): readonly CodeUnit[] {
  return moves
    .filter(({ place }) => place.piece === undefined)
    .flatMap(({ place }) => units[place.unit] ?? []);
}
