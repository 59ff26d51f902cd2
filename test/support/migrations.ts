import {
  AbstractLogger,
  DataSource,
  type DataSourceOptions,
  type MigrationInterface,
  type QueryRunner,
} from 'typeorm';
import { SchemaMigration } from '../../libs/backfill/src/migrations/schema-migration.ts';
import type { MigrationDeclaration } from '../../libs/backfill/src/migrations/migration.options.ts';
import type { TestDatabase } from './database.ts';

type Step = (queryRunner: QueryRunner) => Promise<unknown>;

interface Script extends MigrationDeclaration {
  readonly up?: string | Step;
  readonly down?: string | Step;
  readonly transaction?: boolean;
}

let timestamp = 1_700_000_000_000;

/** A migration class as an application would write it, with a name of its own. */
export function migration(
  name: string,
  { up, down, transaction, ...statics }: Script,
): new () => SchemaMigration {
  const named = `${name}${(timestamp += 1)}`;
  const holder = {
    [named]: class extends SchemaMigration {
      async up(queryRunner: QueryRunner): Promise<void> {
        await run(up, queryRunner);
      }
      async down(queryRunner: QueryRunner): Promise<void> {
        await run(down, queryRunner);
      }
    },
  };
  const Migration = holder[named] as new () => SchemaMigration;
  if (transaction !== undefined)
    Object.defineProperty(Migration.prototype, 'transaction', { value: transaction });
  return Object.assign(Migration, statics);
}

/** The same, for those from before the wall. */
export function plainMigration(name: string, up: string | Step): new () => MigrationInterface {
  const named = `${name}${(timestamp += 1)}`;
  const holder = {
    [named]: class implements MigrationInterface {
      async up(queryRunner: QueryRunner): Promise<void> {
        await run(up, queryRunner);
      }
      async down(): Promise<void> {
        // Nothing to take back.
      }
    },
  };
  return holder[named] as new () => MigrationInterface;
}

async function run(step: string | Step | undefined, queryRunner: QueryRunner): Promise<void> {
  if (typeof step === 'string') await queryRunner.query(step);
  else await step?.(queryRunner);
}

export function postgresDataSource(
  database: TestDatabase,
  migrations: readonly (new () => MigrationInterface)[] = [],
  extra: Partial<Extract<DataSourceOptions, { type: 'postgres' }>> = {},
): DataSource {
  return new DataSource({ type: 'postgres', url: database.url, migrations: [...migrations], ...extra });
}

/** Opens a data source for `work` and closes it behind it. */
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

export async function rejection(work: Promise<unknown>): Promise<unknown> {
  try {
    await work;
  } catch (error) {
    return error;
  }
  throw new Error('It was expected to fail, and did not.');
}

/** A TypeORM logger that keeps what is sent. */
export class QueryRecorder extends AbstractLogger {
  constructor(readonly sent: string[]) {
    super(true);
  }

  override logQuery(query: string): void {
    this.sent.push(query);
  }

  protected writeLog(): void {
    // Nothing but the queries is of interest.
  }
}
