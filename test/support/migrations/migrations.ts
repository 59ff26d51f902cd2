import {
  AbstractLogger,
  DataSource,
  type DataSourceOptions,
  type MigrationInterface,
  type QueryRunner,
} from 'typeorm';
import { SchemaMigration } from '../../../libs/backfill/src/migrations/schema-migration.ts';
import type { MigrationDeclaration } from '../../../libs/backfill/src/migrations/migration.options.ts';
import type { TestDatabase } from '../server/database.ts';

type MigrationBody = (queryRunner: QueryRunner) => Promise<unknown>;

interface MigrationScript extends MigrationDeclaration {
  /** SQL, or a function. */
  readonly up?: string | MigrationBody;
  readonly down?: string | MigrationBody;
  readonly transaction?: boolean;
}

let timestamp = 1_700_000_000_000;

/** Creates a class that extends `SchemaMigration`, with a unique name. */
export function migration(
  name: string,
  { up, down, transaction, ...statics }: MigrationScript,
): new () => SchemaMigration {
  const uniqueName = `${name}${(timestamp += 1)}`;
  const holder = {
    [uniqueName]: class extends SchemaMigration {
      async up(queryRunner: QueryRunner): Promise<void> {
        await run(up, queryRunner);
      }
      async down(queryRunner: QueryRunner): Promise<void> {
        await run(down, queryRunner);
      }
    },
  };
  const Migration = holder[uniqueName] as new () => SchemaMigration;
  if (transaction !== undefined)
    Object.defineProperty(Migration.prototype, 'transaction', { value: transaction });
  return Object.assign(Migration, statics);
}

/** Creates a migration class that does not extend `SchemaMigration`, with a unique name. */
export function plainMigration(name: string, up: string | MigrationBody): new () => MigrationInterface {
  const uniqueName = `${name}${(timestamp += 1)}`;
  const holder = {
    [uniqueName]: class implements MigrationInterface {
      async up(queryRunner: QueryRunner): Promise<void> {
        await run(up, queryRunner);
      }
      async down(): Promise<void> {
        // Nothing to undo.
      }
    },
  };
  return holder[uniqueName] as new () => MigrationInterface;
}

async function run(body: string | MigrationBody | undefined, queryRunner: QueryRunner): Promise<void> {
  if (typeof body === 'string') await queryRunner.query(body);
  else await body?.(queryRunner);
}

/** A data source on the test database. The caller opens it. */
export function postgresDataSource(
  database: TestDatabase,
  migrations: readonly (new () => MigrationInterface)[] = [],
  extra: Partial<Extract<DataSourceOptions, { type: 'postgres' }>> = {},
): DataSource {
  return new DataSource({ type: 'postgres', url: database.url, migrations: [...migrations], ...extra });
}

/** Opens the data source, does the work and closes the data source. */
export async function withDataSource<T>(
  dataSource: DataSource,
  work: (dataSource: DataSource) => Promise<T>,
): Promise<T> {
  await dataSource.initialize();
  try {
    return await work(dataSource);
  } finally {
    await dataSource.destroy();
  }
}

/** @returns the error of a promise that must reject */
export async function rejection(work: Promise<unknown>): Promise<unknown> {
  try {
    await work;
  } catch (error) {
    return error;
  }
  throw new Error('The promise resolved. It should have been rejected.');
}

/** A TypeORM logger that records the queries. */
export class QueryRecorder extends AbstractLogger {
  constructor(readonly sent: string[]) {
    super(true);
  }

  override logQuery(query: string): void {
    this.sent.push(query);
  }

  protected writeLog(): void {
    // Only queries are recorded.
  }
}
