import { applyDecorators, Injectable } from '@nestjs/common';
import type { ObjectLiteral } from 'typeorm';
import type { OnlineIndexOptions } from './index.options.js';
import { OnlineIndexMetadata } from './online-index-metadata.accessor.js';

/**
 * Declares an index. The indexes phase builds it with `CREATE INDEX CONCURRENTLY`, after the migrations and
 * before the backfills, while the application runs. Provide the class in any module.
 *
 * @publicApi
 * @example
 * ‍@OnlineIndex<Lead>({ name: 'leads_pending_direction', entity: Lead, columns: ['id'], where: 'last_call_direction IS NULL' })
 * export class LeadsPendingIndex {}
 */
export function OnlineIndex<Entity extends ObjectLiteral>(
  options: OnlineIndexOptions<Entity>,
): ClassDecorator {
  return applyDecorators(Injectable(), OnlineIndexMetadata(options));
}
