import type { Finding } from '../judge/finding.types.js';
import { shownPath } from '../report/paths.js';
import type { Application } from './application.reader.js';
import type { DeclaredBackfill, UsedColumn } from './backfills/backfill.types.js';
import { stateOf, type ColumnState } from './column-state.js';
import type { Entity } from './entities/entity.types.js';
import type { Moment, SchemaTimeline, TableRecord } from './schema-timeline.js';
import {
  addedTooLate,
  neverAdded,
  removedInUse,
  undecidedColumns,
  type ColumnUser,
} from './timeline.findings.js';

/** A finding, and the migration that it is about; otherwise it is about its own file. */
export interface TimelineFinding {
  readonly finding: Finding;
  readonly subject: string;
  readonly migration?: string;
}

/** Compares entities and backfills with the columns that the migrations add and drop. */
export class TimelineJudge {
  readonly #timeline: SchemaTimeline;
  readonly #application: Application;
  readonly #found: TimelineFinding[] = [];

  constructor(timeline: SchemaTimeline, application: Application) {
    this.#timeline = timeline;
    this.#application = application;
  }

  judge(): readonly TimelineFinding[] {
    const { entities, backfills } = this.#application;
    for (const entity of entities) if (!entity.isForeign) this.#judgeEntity(entity);
    for (const backfill of backfills) this.#judgeBackfill(backfill);
    return this.#found;
  }

  #judgeEntity(entity: Entity): void {
    const user = { who: `the entity ${entity.name}`, table: entity.table, site: entity.site };
    const record = this.#timeline.tableOf(entity.table);
    if (!record) this.#judgeMissingTable(entity, user);
    else if (record.removed) this.#judgeRemovedTable(user, entity, record, record.removed);
    else this.#judgeColumns(user, entity, record);
  }

  #judgeMissingTable(entity: Entity, user: ColumnUser): void {
    const reason = this.#doubtOfMissingTable(entity);
    if (reason === undefined) this.#addMissing(entity.name, user);
    else this.#add(entity.name, undecidedColumns(user, [], reason));
  }

  /** Why a table that no migration names may exist. */
  #doubtOfMissingTable({ isDoubtful, name }: Entity): string | undefined {
    const { entities, hasSeveralDataSources, naming } = this.#application;
    const known = entities.filter(({ table }) => this.#timeline.tableOf(table)).length;
    if (isDoubtful || naming === 'unknown') return 'the guard cannot read its name in the database';
    if (this.#timeline.doubt) return this.#timeline.doubt.reason;
    if (hasSeveralDataSources) return 'the application has several data sources';
    if (entities.some(({ bases }) => bases.includes(name)))
      return 'other entities extend it, so that it may be only their base class';
    if (!this.#timeline.isWhole) return 'the checked migrations change tables that none of them creates';
    return known * 2 < entities.length
      ? 'the checked migrations create less than half of the tables of the entities'
      : undefined;
  }

  #judgeRemovedTable(user: ColumnUser, entity: Entity, record: TableRecord, removed: Moment): void {
    const doubt = record.doubt && record.doubt.at > removed.at ? record.doubt.reason : undefined;
    if (entity.isDoubtful || doubt !== undefined)
      this.#add(
        entity.name,
        undecidedColumns(user, [], doubt ?? 'the guard cannot read its name in the database'),
      );
    else this.#add(entity.name, removedInUse(user, removed), removed);
  }

  #judgeColumns(user: ColumnUser, entity: Entity, record: TableRecord): void {
    const undecided = new Map<string, string[]>();
    const names = new Set<string>();
    for (const column of entity.columns) {
      const name = column.names[0] ?? '';
      if (names.has(name)) continue;
      names.add(name);
      const state = this.#stateOf(record, column, entity);
      const place = { ...user, site: column.site };
      if (state.kind === 'absent') this.#addMissing(entity.name, place, name);
      if (state.kind === 'removed') this.#add(entity.name, removedInUse(place, state.by, name), state.by);
      if (state.kind === 'undecided')
        undecided.set(state.reason, [...(undecided.get(state.reason) ?? []), name]);
    }
    for (const [reason, columns] of undecided)
      this.#add(entity.name, undecidedColumns(user, columns, reason));
  }

  #stateOf(
    record: TableRecord,
    column: Pick<UsedColumn, 'names' | 'isDoubtful'>,
    entity: Pick<Entity, 'isDoubtful'>,
  ): ColumnState {
    return stateOf(record, {
      names: column.names,
      isDoubtful: column.isDoubtful || entity.isDoubtful,
      isNamedByProject: this.#application.naming === 'unknown',
    });
  }

  /** What is undecided is reported for the entity, once. */
  #judgeBackfill(backfill: DeclaredBackfill): void {
    const proved = this.#timeline.requiring(backfill.name);
    for (const column of backfill.columns) {
      const record = this.#timeline.tableOf(column.table);
      if (!record || record.removed) continue;
      const state = this.#stateOf(record, column, { isDoubtful: false });
      const user = { who: `the backfill ${backfill.name}`, table: column.table, site: column.site };
      const name = column.names[0] ?? '';
      if (state.kind === 'absent') this.#addMissing(backfill.className, user, name);
      if (state.kind === 'present' && state.added && state.added.at >= proved)
        this.#add(backfill.className, addedTooLate(user, name, state.added));
      // A migration that waits for the backfill may drop what it needed.
      if (state.kind === 'removed' && state.by.at < proved)
        this.#add(backfill.className, removedInUse(user, state.by, name), state.by);
    }
  }

  /** Unless a migration that is not checked names it. */
  #addMissing(subject: string, user: ColumnUser, column?: string): void {
    const other = this.#application.otherMigrations.find(({ text }) =>
      [user.table.name, column ?? ''].every((name) => text.includes(name)),
    );
    if (!other) this.#add(subject, neverAdded(user, column));
    else {
      const reason = `${shownPath(other.path)} names it, and is not one of the checked migrations`;
      this.#add(subject, undecidedColumns(user, column === undefined ? [] : [column], reason));
    }
  }

  #add(subject: string, finding: Finding, moment?: Moment): void {
    this.#found.push({ finding, subject, ...(moment ? { migration: moment.migration.file } : {}) });
  }
}
