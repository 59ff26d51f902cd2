import type { DataSource, QueryRunner } from 'typeorm';
import { BackfillError } from '../../errors/backfill.error.js';
import { messageOf, sqlState } from '../../postgres/error-classes.js';
import { declaredShape, findIndex } from './index.catalog.js';
import { defineIndex } from '../declare/index.definition.js';
import type { DeclaredIndex } from '../declare/index.options.js';

/**
 * - `waiting`: it has `build: 'after'`, and a backfill that names it is not complete
 * - `invalid`: an interrupted build left an INVALID index; the next run builds it again
 * - `differs`: it exists with another definition; `--rebuild` replaces it
 * - `misdeclared`: the declaration does not match its entity or its table
 */
export const INDEX_PRESENCES = [
  'exists',
  'missing',
  'waiting',
  'building',
  'invalid',
  'differs',
  'misdeclared',
] as const;
/** One of `INDEX_PRESENCES`. @publicApi */
export type IndexPresence = (typeof INDEX_PRESENCES)[number];

/** The state of a declared index in the database. @publicApi */
export interface DeclaredIndexState {
  readonly name: string;
  readonly table: string;
  readonly presence: IndexPresence;
  /** The declared definition as PostgreSQL prints it, if it differs. */
  readonly declared?: string;
  /** The existing definition, if it differs. */
  readonly existing?: string;
  /**
   * The error in the declaration, what the index waits for, or why the definitions could not be compared.
   */
  readonly reason?: string;
}

/**
 * Reads the state of a declared index. It builds nothing. For the comparison, it creates a temporary table
 * and rolls it back.
 */
export async function inspectDeclaredIndex(
  index: DeclaredIndex,
  dataSource: DataSource,
  runner: QueryRunner,
): Promise<DeclaredIndexState> {
  const { name } = index.options;
  try {
    const definition = defineIndex(dataSource, index);
    const { table } = definition;
    const found = await findIndex(runner, table, name);
    if (!found) return { name, table, presence: 'missing' };
    if (found.inProgress) return { name, table, presence: 'building' };
    if (!found.valid) return { name, table, presence: 'invalid' };
    const shape = await declaredShape(runner, definition).catch((error: unknown) => ({ error }));
    if (typeof shape === 'object') return { name, table, ...withoutComparison(shape.error) };
    return shape === found.shape
      ? { name, table, presence: 'exists' }
      : { name, table, presence: 'differs', declared: shape, existing: found.shape };
  } catch (error) {
    if (!(error instanceof BackfillError)) throw error;
    return { name, table: '', presence: 'misdeclared', reason: error.message };
  }
}

function withoutComparison(error: unknown): Pick<DeclaredIndexState, 'presence' | 'reason'> {
  // SQLSTATE class 42 means an error in syntax, names or types. The exception is 42501 (missing privilege),
  // which is not an error of the declaration.
  if (sqlState(error)?.startsWith('42') && sqlState(error) !== '42501')
    return { presence: 'misdeclared', reason: messageOf(error) };
  return {
    presence: 'exists',
    reason: `Its definition could not be compared with the declaration: ${messageOf(error)}`,
  };
}
