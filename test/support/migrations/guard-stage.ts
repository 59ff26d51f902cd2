import { AsyncResource } from 'node:async_hooks';
import type pg from 'pg';
import { BaseEntity, Column, type DataSource, Entity, PrimaryColumn, type QueryRunner } from 'typeorm';
import type { SchemaMigration } from '../../../libs/backfill/src/migrations/schema-migration.ts';
import { TestDatabase } from '../server/database.ts';
import { postgresDataSource } from './migrations.ts';

/** An ActiveRecord entity: its own methods read and write rows. */
@Entity('leads')
export class ActiveLead extends BaseEntity {
  @PrimaryColumn()
  id!: number;

  @Column({ type: 'text', nullable: true })
  note!: string | null;
}

/** A migration class that `migration()` created. */
type MigrationClass = new () => SchemaMigration;

export interface MigrationRunOptions {
  /** @default up */
  readonly direction?: 'up' | 'down';
  /** Whether to run the migration in a transaction. @default true */
  readonly inTransaction?: boolean;
  /** Whether to roll the transaction back after the migration. @default false */
  readonly rollback?: boolean;
}

/** A database with five leads, and data sources that are open in the same process, for the tests of a file. */
export class GuardStage {
  database!: TestDatabase;
  /** The data source that runs the migrations. */
  dataSource!: DataSource;
  /** Another data source, like `export const AppDataSource` of a module. */
  imported!: DataSource;
  /** A data source whose pool has only one client. */
  singleClient!: DataSource;
  /** An asynchronous context outside of every migration. */
  readonly #outside = new AsyncResource('outside');

  static forFile(): GuardStage {
    const stage = new GuardStage();
    beforeAll(() => stage.#set());
    afterAll(() => stage.#clear());
    return stage;
  }

  /** Opens a further data source on the same database. */
  connect(options: Parameters<typeof postgresDataSource>[2] = {}): Promise<DataSource> {
    return postgresDataSource(this.database, [], { entities: [ActiveLead], ...options }).initialize();
  }

  /** The ActiveRecord entity. Each newly opened data source binds it again, so this binds it to `imported`. */
  get activeRecord(): typeof ActiveLead {
    ActiveLead.useDataSource(this.imported);
    return ActiveLead;
  }

  /** The pool with one client. */
  get singleClientPool(): pg.Pool {
    return poolOf(this.singleClient);
  }

  /** Runs code as if it did not belong to the migration that is running. */
  outside<T>(work: () => T): T {
    return this.#outside.runInAsyncScope(work);
  }

  /** Runs the migration as TypeORM does. */
  async run(Migration: MigrationClass, options: MigrationRunOptions = {}): Promise<void> {
    const { direction = 'up', inTransaction = true, rollback = false } = options;
    const queryRunner = this.dataSource.createQueryRunner();
    try {
      if (inTransaction) await queryRunner.startTransaction();
      await new Migration()[direction](queryRunner);
      if (inTransaction && !rollback) await queryRunner.commitTransaction();
    } finally {
      if (queryRunner.isTransactionActive) await queryRunner.rollbackTransaction();
      await queryRunner.release();
    }
  }

  /** The number of leads with a note: 0 as long as no data change succeeded. */
  async countNotes(): Promise<number> {
    const [row] = await this.database.query<{ n: number }>('SELECT count(note)::int AS n FROM leads');
    return row?.n ?? -1;
  }

  async #set(): Promise<void> {
    this.database = await TestDatabase.create();
    await this.database.query(`CREATE TABLE leads (id int PRIMARY KEY, note text)`);
    await this.database.query(`INSERT INTO leads SELECT n FROM generate_series(1, 5) n`);
    this.dataSource = await this.connect();
    this.imported = await this.connect();
    this.singleClient = await this.connect({ entities: [], extra: { max: 1 } });
    ActiveLead.useDataSource(this.imported);
  }

  async #clear(): Promise<void> {
    await this.dataSource.destroy();
    await this.imported.destroy();
    await this.singleClient.destroy();
    await this.database.drop();
  }
}

/** The data source of a query runner or of a manager: the property is `connection` in TypeORM 0.3. */
export function dataSourceOf(owner: QueryRunner | QueryRunner['manager']): DataSource {
  const { dataSource, connection } = owner as unknown as Record<string, DataSource>;
  return (dataSource ?? connection) as DataSource;
}

/** The pool of TypeORM's driver. */
export function poolOf({ driver }: DataSource): pg.Pool {
  return (driver as unknown as { master: pg.Pool }).master;
}
