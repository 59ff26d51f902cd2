import type { INestApplicationContext, Provider, Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { TypeOrmModule } from '@nestjs/typeorm';
import { BackfillModule, BackfillService, type BackfillModuleOptions } from 'nestjs-backfill';
import { DataSource, type EntitySchema } from 'typeorm';
import type { TestDatabase } from './database.ts';

export interface TestApplicationOptions {
  readonly database: TestDatabase;
  readonly entities: readonly (Type<object> | EntitySchema)[];
  readonly backfills: readonly Type[];
  readonly providers?: readonly Provider[];
  readonly module?: BackfillModuleOptions;
  /** Connections of the pool. */
  readonly poolSize?: number;
}

/** A Nest application with backfills, as a user's own would be, over the tables that its entities make. */
export class TestApplication {
  private constructor(
    readonly context: INestApplicationContext,
    readonly service: BackfillService,
    readonly dataSource: DataSource,
  ) {}

  static async start(options: TestApplicationOptions): Promise<TestApplication> {
    const module = await Test.createTestingModule({
      imports: [
        TypeOrmModule.forRoot({
          type: 'postgres',
          url: options.database.url,
          entities: [...options.entities],
          synchronize: true,
          applicationName: 'the application',
          poolSize: options.poolSize ?? 5,
          retryAttempts: 1,
        }),
        BackfillModule.forRoot({ defaults: { pause: 0 }, ...options.module }),
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
