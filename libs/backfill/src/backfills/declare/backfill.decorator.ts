import { applyDecorators, Injectable } from '@nestjs/common';
import type { ObjectLiteral } from 'typeorm';
import { BackfillMetadata } from './backfill-metadata.accessor.js';
import type { BackfillOptions } from './backfill.options.js';

/**
 * Declares a provider as a backfill: a data change that runs separately from schema migrations, in small
 * batches that commit one by one. Provide the class in any module of the application.
 *
 * @publicApi
 * @example
 * ‍@Backfill<Lead>({
 *   name: 'leads-last-call-direction',
 *   entity: Lead,
 *   where: { lastCallDirection: IsNull() },
 *   tenant: 'tenantId',
 * })
 * export class LeadsLastCallDirection implements SetBackfill<Lead> {
 *   set() {
 *     return { lastCallDirection: `'none'` };
 *   }
 * }
 */
export function Backfill<Entity extends ObjectLiteral>(options: BackfillOptions<Entity>): ClassDecorator {
  return applyDecorators(Injectable(), BackfillMetadata(options));
}
