import { Module } from '@nestjs/common';
import { CallLogsTestCalls } from './call-logs-test-calls.backfill.js';
import { LeadsLastCallDirection } from './leads-last-call-direction.backfill.js';
import { LeadsSearchName } from './leads-search-name.backfill.js';

/** A backfill is an ordinary provider: the library finds every backfill that is listed here. */
@Module({ providers: [CallLogsTestCalls, LeadsLastCallDirection, LeadsSearchName] })
export class BackfillsModule {}
