import { Module } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { TypeOrmModule } from '@nestjs/typeorm';
import { BackfillModule } from 'nestjs-backfill';
import { BackfillsModule } from './backfills/backfills.module.js';
import { dataSourceOptions } from './data-source.js';
import { HealthController } from './health/health.controller.js';
import { IndexesModule } from './indexes/indexes.module.js';
import { LeadsModule } from './leads/leads.module.js';
import { AddEmailVerified1752624000000 } from './migrations/1752624000000-add-email-verified.js';

@Module({
  imports: [
    TypeOrmModule.forRootAsync({ useFactory: dataSourceOptions }),
    ScheduleModule.forRoot(),
    BackfillModule.forRoot({
      // A fixed batch size gives the demo the same log on every machine. No users share its database, so the
      // pause is short.
      defaults: { batchSize: 500, pause: 10 },
      // While the server runs, catch-up fills leads that were written without the new columns, within
      // minutes.
      catchUp: { cron: '*/5 * * * *', jitter: 30_000 },
      migrations: { grandfathered: [AddEmailVerified1752624000000.name] },
    }),
    LeadsModule,
    IndexesModule,
    BackfillsModule,
  ],
  controllers: [HealthController],
})
export class AppModule {}
