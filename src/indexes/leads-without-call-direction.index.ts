import { OnlineIndex } from 'nestjs-backfill';
import { Lead } from '../leads/lead.entity.js';

/**
 * The leads that the backfill `leads-last-call-direction` has still to do: it finds them, and proves that none is left, without
 * reading the others. It shrinks to nothing as the backfill goes on.
 */
@OnlineIndex<Lead>({
  name: 'leads_without_call_direction',
  entity: Lead,
  columns: ['id'],
  where: 'last_call_direction IS NULL',
})
export class LeadsWithoutCallDirection {}
