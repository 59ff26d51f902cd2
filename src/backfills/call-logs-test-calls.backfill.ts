import { Backfill } from 'nestjs-backfill';
import { CallLog } from '../leads/call-log.entity.js';

/** Deletes test calls before other backfills read the call logs. */
@Backfill<CallLog>({
  name: 'call-logs-test-calls',
  entity: CallLog,
  kind: 'purge',
  where: { outcome: 'test' },
})
export class CallLogsTestCalls {}
