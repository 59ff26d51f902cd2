import type { DynamicModule, INestApplicationContext, ModuleMetadata, Provider, Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { TypeOrmModule } from '@nestjs/typeorm';
import { BackfillModule, BackfillService, type BackfillModuleOptions } from 'nestjs-backfill';
import { DataSource, type EntitySchema, type MigrationInterface } from 'typeorm';
import { inTestedOrder } from './order.ts';
import type { TestDatabase } from '../server/database.ts';

export interface TestApplicationOptions {
  readonly database: TestDatabase;
  readonly entities: readonly (Type<object> | EntitySchema)[];
  readonly backfills: readonly Type[];
  readonly providers?: readonly Provider[];
  readonly imports?: NonNullable<ModuleMetadata['imports']>;
  readonly module?: BackfillModuleOptions;
  /** Instead of `BackfillModule.forRoot(module)`. */
  readonly backfillModule?: DynamicModule;
  /** Creates the tables of the entities. @default true */
  readonly synchronize?: boolean;
  /** The migrations of the data source. @default [] */
  readonly migrations?: readonly Type<MigrationInterface>[];
  /** The number of connections in the pool. @default 5 */
  readonly poolSize?: number;
  /** The schema of the data source. @default the first of the search_path */
  readonly schema?: string;
}

/** A Nest application with backfills, as a user would write it. */
export class TestApplication {
  private constructor(
    readonly context: INestApplicationContext,
    readonly service: BackfillService,
    readonly dataSource: DataSource,
  ) {}

  static async start(options: TestApplicationOptions): Promise<TestApplication> {
    const module = await Test.createTestingModule({
      imports: [
        dataSourceModule(options.database, options.entities, options),
        options.backfillModule ??
          BackfillModule.forRoot(inTestedOrder({ defaults: { pause: 0 }, ...options.module })),
        ...(options.imports ?? []),
      ],
      providers: [...options.backfills, ...(options.providers ?? [])],
    }).compile();
    const context = await module.init();
    return new TestApplication(context, context.get(BackfillService), context.get(DataSource));
  }

  async stop(): Promise<void> {
    await this.context.close();
  }
}

/** `TypeOrmModule` for a test database. A second data source needs a name. */
export function dataSourceModule(
  database: TestDatabase,
  entities: TestApplicationOptions['entities'],
  options: {
    readonly name?: string;
    readonly synchronize?: boolean;
    readonly migrations?: readonly Type<MigrationInterface>[];
    readonly poolSize?: number;
    readonly schema?: string;
  } = {},
): DynamicModule {
  return TypeOrmModule.forRoot({
    ...(options.name === undefined ? {} : { name: options.name }),
    type: 'postgres',
    url: database.url,
    entities: [...entities],
    synchronize: options.synchronize ?? true,
    migrations: [...(options.migrations ?? [])],
    applicationName: 'the application',
    poolSize: options.poolSize ?? 5,
    retryAttempts: 1,
    ...(options.schema === undefined ? {} : { schema: options.schema }),
  });
}
