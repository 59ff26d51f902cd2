import { OnlineIndex } from 'nestjs-backfill';
import { Lead } from '../leads/lead.entity.js';

/**
 * The pending rows of the backfill `leads-last-call-direction`. At first every row is pending, and the index
 * would only slow down each update. So it is built when the backfill is complete: catch-up then finds rows
 * that become pending later without reading others.
 */
@OnlineIndex<Lead>({
  name: 'leads_without_call_direction',
  entity: Lead,
  columns: ['id'],
  where: 'last_call_direction IS NULL',
  build: 'after',
})
export class LeadsWithoutCallDirection {}
