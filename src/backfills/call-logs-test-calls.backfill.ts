import { Backfill } from 'nestjs-backfill';
import { CallLog } from '../leads/call-log.entity.js';

/** Deletes the calls that were no calls, before anything is derived from them. */
@Backfill<CallLog>({
  name: 'call-logs-test-calls',
  entity: CallLog,
  kind: 'purge',
  where: { outcome: 'test' },
})
export class CallLogsTestCalls {}
