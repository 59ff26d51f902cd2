import { Backfill, type RowColumns, type SetBackfill, type SetExpressions } from 'nestjs-backfill';
import { IsNull } from 'typeorm';
import { LeadsWithoutCallDirection } from '../indexes/leads-without-call-direction.index.js';
import { Lead } from '../leads/lead.entity.js';

/** A lead without calls gets `none`. With NULL it would stay pending. */
@Backfill<Lead>({
  name: 'leads-last-call-direction',
  entity: Lead,
  where: { lastCallDirection: IsNull() },
  tenant: 'tenantId',
  index: LeadsWithoutCallDirection,
  dependsOn: ['call-logs-test-calls'],
})
export class LeadsLastCallDirection implements SetBackfill<Lead> {
  set(lead: RowColumns<Lead>): SetExpressions<Lead> {
    return {
      lastCallDirection: `COALESCE(
        (SELECT call.direction FROM call_logs call
         WHERE call.lead_id = ${lead.id} ORDER BY call.called_at DESC, call.id DESC LIMIT 1),
        'none')`,
    };
  }
}
