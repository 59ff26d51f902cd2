import { Backfill, type TransformBackfill } from 'nestjs-backfill';
import { IsNull } from 'typeorm';
import { Lead } from '../leads/lead.entity.js';
import { searchName } from '../leads/search-name.js';

/** Uses the function that the application uses for new leads. */
@Backfill<Lead>({
  name: 'leads-search-name',
  entity: Lead,
  where: { searchName: IsNull() },
  reads: ['firstName', 'lastName'],
  writes: ['searchName'],
})
export class LeadsSearchName implements TransformBackfill<Lead, 'firstName' | 'lastName'> {
  transform(leads: readonly Pick<Lead, 'firstName' | 'lastName'>[]): Partial<Lead>[] {
    return leads.map(({ firstName, lastName }) => ({ searchName: searchName(firstName, lastName) }));
  }
}
