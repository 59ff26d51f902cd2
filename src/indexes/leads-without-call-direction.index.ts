import { OnlineIndex } from 'nestjs-backfill';
import { Lead } from '../leads/lead.entity.js';

/**
 * The pending rows of the backfill `leads-last-call-direction`. The backfill finds them through this index,
 * and proves that none is left, without reading other rows. The index shrinks while the backfill runs.
 */
@OnlineIndex<Lead>({
  name: 'leads_without_call_direction',
  entity: Lead,
  columns: ['id'],
  where: 'last_call_direction IS NULL',
})
export class LeadsWithoutCallDirection {}
