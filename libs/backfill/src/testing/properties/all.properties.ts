import type { RehearsalProperty } from '../rehearsal.options.js';
import { falsifiesWhere } from './falsifies-where.js';
import { isIdempotent } from './is-idempotent.js';
import { isSameBesideWriter } from './is-same-beside-writer.js';
import { isSameInAnyBatchSize } from './is-same-in-any-batch-size.js';
import { isSameWhenKilled } from './is-same-when-killed.js';
import { leavesTheRestAlone } from './leaves-the-rest-alone.js';

/** What `Rehearsal.holds` tries, from the simplest on: a later one assumes what an earlier one has shown. */
export const PROPERTIES: readonly RehearsalProperty[] = [
  falsifiesWhere,
  isIdempotent,
  leavesTheRestAlone,
  isSameInAnyBatchSize,
  isSameWhenKilled,
  isSameBesideWriter,
];
