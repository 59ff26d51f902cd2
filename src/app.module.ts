import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { BackfillModule } from 'nestjs-backfill';
import { BackfillsModule } from './backfills/backfills.module.js';
import { dataSourceOptions } from './data-source.js';
import { IndexesModule } from './indexes/indexes.module.js';
import { LeadsModule } from './leads/leads.module.js';

@Module({
  imports: [
    TypeOrmModule.forRootAsync({ useFactory: dataSourceOptions }),
    // The demo's database has nobody else to serve: larger batches and shorter pauses than the defaults, 200 rows and 50 ms.
    BackfillModule.forRoot({ defaults: { batchSize: 500, pause: 10 } }),
    LeadsModule,
    IndexesModule,
    BackfillsModule,
  ],
})
export class AppModule {}
