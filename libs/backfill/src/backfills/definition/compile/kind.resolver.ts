import type { BackfillOptions } from '../../declare/backfill.options.js';
import { UnclearBackfillKindError } from '../../declare/errors/kind.error.js';
import { BACKFILL_KINDS, type BackfillKind } from '../../../report/backfill-kind.js';
import type { BackfillCode } from '../declaration.js';

const METHODS = BACKFILL_KINDS.filter((kind) => kind !== 'purge');

/**
 * The kind follows from the method that the class implements, or from `kind: 'purge'`.
 * @throws UnclearBackfillKindError
 */
export function resolveKind(className: string, options: BackfillOptions, code: BackfillCode): BackfillKind {
  const methods = METHODS.filter((kind) => typeof code[kind] === 'function');
  const found: BackfillKind[] = options.kind === undefined ? methods : [options.kind, ...methods];
  const [kind] = found;
  if (kind === undefined || found.length > 1) throw new UnclearBackfillKindError(className, found);
  return kind;
}
