import { RowSelection } from '../../backfills/batch/row-selection.js';
import { inspectTable } from '../../backfills/batch/table.inspector.js';
import type { BackfillDefinition } from '../../backfills/definition/definition.js';
import {
  probeCheaply,
  withShortTimeouts,
  type CheapProbeResult,
} from '../../backfills/pending/cheap.probe.js';
import { TableMismatchError } from '../../backfills/run.error.js';
import type { BackfillLedger } from '../../ledger/backfill.ledger.js';
import type { CatchUpRecord } from '../../ledger/catch-up.ledger.js';
import type { Ledger } from '../../ledger/ledger.js';
import { classifyDatabaseError, messageOf, sqlState } from '../../postgres/error-classes.js';
import type { Session } from '../../postgres/session.js';
import { applyPolicy } from '../../postgres/timeout-policy.js';

/**
 * A probe that is not cheap is followed by a pause of this many times its duration, so that probes take 5 %
 * of the time at most.
 */
const PAUSE_FACTOR = 20;

/** Up to this duration a probe counts as cheap. */
const MAX_CHEAP_PROBE_MS = 50;

/** Up to this duration, a run that read the table to prove completion counts as cheap. */
const MAX_CHEAP_RUN_MS = 1_000;

/**
 * The action of a round for one backfill. `isIndexed`: whether an index serves the pending predicate; null if
 * not inspected.
 */
export type Due =
  | { readonly kind: 'run'; readonly isDrift: boolean; readonly isIndexed: boolean | null }
  | { readonly kind: 'sealed'; readonly by: string; readonly isNew: boolean }
  | { readonly kind: 'nothing'; readonly isIndexed: boolean }
  /** Catch-up may not run the backfill, or may not run it now. */
  | { readonly kind: 'skipped'; readonly reason: string };

/** A run that continues the work of an earlier run. */
const CONTINUE: Due = { kind: 'run', isDrift: false, isIndexed: null };

/** One inspection of one backfill. */
interface Inspection {
  readonly session: Session;
  /** The definition with short timeouts. */
  readonly definition: BackfillDefinition;
  readonly ledger: BackfillLedger;
}

/**
 * Decides whether a backfill is due. It reads the ledger, and if the ledger is not sufficient, it probes the
 * table with a bounded query.
 */
export async function inspectDue(
  session: Session,
  definition: BackfillDefinition,
  ledger: Ledger,
): Promise<Due> {
  const ownLedger = ledger.of(definition);
  await ownLedger.locate(session);
  await ownLedger.status.adopt(session);
  const { catchUp } = ownLedger;
  const byTenant = definition.canary !== null || definition.tenantOrder !== null;
  const record = await catchUp.record(session, byTenant ? 'every' : 'whole');
  const newest = record?.newestVersion ?? (await catchUp.newestVersion(session));
  if (newest > definition.version) return skipped(`another deployment has version ${newest} of it`);
  const reason = record && heldReason(record);
  if (reason) return skipped(reason);
  try {
    const inspection = { session, definition: withShortTimeouts(definition), ledger: ownLedger };
    return await inspectTableRows(inspection, record);
  } catch (error) {
    const temporary = temporaryReason(error);
    if (temporary === null) throw error;
    return skipped(`${temporary}: ${messageOf(error).split('\n')[0]}`);
  }
}

/** Postpones the next probe after a long run that read the table, without an index, to prove completion. */
export async function postponeAfterRun(
  session: Session,
  definition: BackfillDefinition,
  { ledger, tookMs }: { readonly ledger: Ledger; readonly tookMs: number },
): Promise<void> {
  if (tookMs <= MAX_CHEAP_RUN_MS) return;
  const ownLedger = ledger.of(definition);
  await ownLedger.locate(session);
  await ownLedger.catchUp.postpone(session, tookMs * PAUSE_FACTOR);
}

async function inspectTableRows(inspection: Inspection, record: CatchUpRecord | null): Promise<Due> {
  const { session, definition, ledger } = inspection;
  const selection = new RowSelection(definition, ledger, await inspectTable(session, definition), null);
  // A backfill that is deployed before its migration is skipped here. A run would set the status `failed`,
  // and then a person would have to act.
  await session.transaction([
    applyPolicy(definition.pace),
    {
      text: `SELECT 1 FROM ${selection.from} WHERE ${definition.pending.sql} LIMIT 0`,
      values: definition.pending.parameters,
    },
  ]);
  if (record === null || !hasOnlyDrift(record)) return CONTINUE;
  if (record.isPostponed) return skipped('the pause after its last probe is not over');
  const due = await probe(inspection, selection, record);
  return due.kind === 'sealed' && record.status !== 'complete' ? CONTINUE : due;
}

async function probe(
  { session, ledger: { catchUp } }: Inspection,
  selection: RowSelection,
  record: CatchUpRecord,
): Promise<Due> {
  const startedAt = performance.now();
  const found = await probeCheaply(session, selection, record.cursor);
  const tookMs = performance.now() - startedAt;
  if (found.kind === 'sealed') {
    const isNew = record.sealedBy === null && (await catchUp.seal(session, found.by));
    return { kind: 'sealed', by: record.sealedBy ?? found.by, isNew };
  }
  // The constraint that sealed it no longer exists.
  if (record.sealedBy !== null) await catchUp.seal(session, null);
  await catchUp.recordProbe(session, {
    index: found.index,
    cursor: cursorOf(found),
    pauseMs: tookMs > MAX_CHEAP_PROBE_MS ? tookMs * PAUSE_FACTOR : 0,
  });
  const isIndexed = found.index !== null;
  return found.kind === 'found'
    ? { kind: 'run', isDrift: record.status === 'complete', isIndexed }
    : { kind: 'nothing', isIndexed };
}

/**
 * The backfill is complete, or only rows in quarantine are left. A run could change only rows that became
 * pending later.
 */
function hasOnlyDrift({ status, hasQuarantined, hasUnfinished }: CatchUpRecord): boolean {
  return status === 'complete' || (status === 'incomplete' && hasQuarantined && !hasUnfinished);
}

/** Why catch-up may not run the backfill; null when it may. */
function heldReason({ status, leasedBy }: CatchUpRecord): string | null {
  if (status === 'paused' || status === 'cancelled') return `a person has ${status} it`;
  if (status === 'failed') return 'it has failed and needs a person';
  return leasedBy === null ? null : `${leasedBy} is running it`;
}

function cursorOf(found: Exclude<CheapProbeResult, { kind: 'sealed' }>): readonly string[] | null {
  return found.kind === 'none' ? found.cursor : null;
}

function skipped(reason: string): Due {
  return { kind: 'skipped', reason };
}

/** undefined_table, undefined_column */
const ABSENT: ReadonlySet<string | undefined> = new Set(['42P01', '42703']);

/** Why the same inspection may succeed in the next round; null for any other error. */
function temporaryReason(error: unknown): string | null {
  if (error instanceof TableMismatchError || ABSENT.has(sqlState(error)))
    return 'the table does not match the entity';
  switch (classifyDatabaseError(error)) {
    case 'lock':
      return 'another session holds a lock on the table';
    case 'too-slow':
      return 'the database takes too long to answer';
    default:
      return null;
  }
}
