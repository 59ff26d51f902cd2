import type { DataSource, QueryRunner } from 'typeorm';
import { BackfillError } from '../errors/backfill.error.js';
import { messageOf, sqlState } from '../postgres/error-classes.js';
import { declaredShape, findIndex } from './index.catalog.js';
import { defineIndex } from './index.definition.js';
import type { DeclaredIndex } from './index.options.js';

/**
 * - `invalid`: left behind by a broken build; the next run builds it again
 * - `differs`: there, but not as declared; `--rebuild` replaces it
 * - `misdeclared`: the declaration does not fit its entity or its table
 */
export const INDEX_PRESENCES = [
  'exists',
  'missing',
  'building',
  'invalid',
  'differs',
  'misdeclared',
] as const;
/** One of `INDEX_PRESENCES`. */
export type IndexPresence = (typeof INDEX_PRESENCES)[number];

/** How a declared index stands in the database. */
export interface PresentIndex {
  readonly name: string;
  readonly table: string;
  readonly presence: IndexPresence;
  /** As declared, in PostgreSQL's own wording, where it differs. */
  readonly declared?: string;
  /** As it is, where it differs. */
  readonly existing?: string;
  /** Why it is misdeclared, or why it could not be compared. */
  readonly reason?: string;
}

/** How a declared index stands. Builds nothing: what is compared with is made on a temporary table and rolled back. */
export async function presenceOf(
  index: DeclaredIndex,
  dataSource: DataSource,
  runner: QueryRunner,
): Promise<PresentIndex> {
  const { name } = index.options;
  try {
    const definition = defineIndex(dataSource, index);
    const { table } = definition;
    const found = await findIndex(runner, table, name);
    if (!found) return { name, table, presence: 'missing' };
    if (found.inProgress) return { name, table, presence: 'building' };
    if (!found.valid) return { name, table, presence: 'invalid' };
    const shape = await declaredShape(runner, definition).catch((error: unknown) => ({ error }));
    if (typeof shape === 'object') return { name, table, ...whyUnknown(shape.error) };
    return shape === found.shape
      ? { name, table, presence: 'exists' }
      : { name, table, presence: 'differs', declared: shape, existing: found.shape };
  } catch (error) {
    if (!(error instanceof BackfillError)) throw error;
    return { name, table: '', presence: 'misdeclared', reason: error.message };
  }
}

function whyUnknown(error: unknown): Pick<PresentIndex, 'presence' | 'reason'> {
  // Syntax, names and types. A server or a role that may make no temporary table says nothing of the declaration.
  if (sqlState(error)?.startsWith('42') && sqlState(error) !== '42501')
    return { presence: 'misdeclared', reason: messageOf(error) };
  return {
    presence: 'exists',
    reason: `Whether it is as declared could not be found out: ${messageOf(error)}`,
  };
}
