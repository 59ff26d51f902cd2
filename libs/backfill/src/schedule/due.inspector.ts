import type { CatchUpLedger, CatchUpRecord } from '../ledger/catch-up.ledger.js';
import type { BackfillLedger } from '../ledger/backfill.ledger.js';
import type { Ledger } from '../ledger/ledger.js';
import { classifyDatabaseError, messageOf, sqlState } from '../postgres/error-classes.js';
import type { Session } from '../postgres/session.js';
import { applyPolicy } from '../postgres/timeout-policy.js';
import { RowSelection } from '../backfills/batch/row-selection.js';
import { inspectTable } from '../backfills/batch/table.inspector.js';
import type { BackfillDefinition } from '../backfills/definition/definition.js';
import { TableMismatchError } from '../backfills/run.error.js';
import { withShortTimeouts, probeCheaply, type CheapProbeResult } from '../backfills/pending/cheap.probe.js';

/** A look without an index, or a slow one, is followed by a pause of so many times the time that it took: 5 % of the time at most. */
const PAUSE_FACTOR = 20;
/** Milliseconds up to which a look counts as cheap. */
const CHEAP_MS = 50;

/** The same of a run that found its end by reading the table. */
const CHEAP_RUN_MS = 1_000;

/** What a round has to do with one backfill. */
export type Due =
  /** @param indexed whether an index serves the predicate; null where it was not asked */
  | { readonly kind: 'run'; readonly drift: boolean; readonly indexed: boolean | null }
  | { readonly kind: 'sealed'; readonly by: string; readonly newly: boolean }
  /** Nothing was found. @param indexed as above */
  | { readonly kind: 'nothing'; readonly indexed: boolean }
  /** It is not for catch-up, or not now. */
  | { readonly kind: 'left'; readonly why: string };

/**
 * Finds out, as cheaply as can be, whether a backfill has anything to do: from the ledger alone where that suffices, else by a look at
 * the table that is bounded.
 */
export async function inspectDue(
  session: Session,
  definition: BackfillDefinition,
  ledger: Ledger,
): Promise<Due> {
  const own = ledger.of(definition);
  const { catchUp } = own;
  const byTenant = definition.canary !== null || definition.tenantOrder !== null;
  const record = await catchUp.record(session, { byTenant });
  const newest = record?.newestVersion ?? (await catchUp.newestVersion(session));
  if (newest > definition.version) return left(`version ${newest} of it is deployed elsewhere`);
  const why = record && notForUs(record);
  if (why) return left(why);
  try {
    return await inspectRows(session, withShortTimeouts(definition), own, record);
  } catch (error) {
    const reason = notNow(error);
    if (reason === null) throw error;
    return left(`${reason}: ${messageOf(error).split('\n')[0]}`);
  }
}

async function inspectRows(
  session: Session,
  definition: BackfillDefinition,
  ledger: BackfillLedger,
  record: CatchUpRecord | null,
): Promise<Due> {
  const selection = new RowSelection(definition, ledger, await inspectTable(session, definition), null);
  // Of a backfill that is deployed before its migration, a run would make a failure that needs a person.
  await session.transaction([
    applyPolicy(definition.pace),
    {
      text: `SELECT 1 FROM ${selection.from} WHERE ${definition.pending.sql} LIMIT 0`,
      values: definition.pending.parameters,
    },
  ]);
  if (record === null || !isAtRest(record)) return run(null, false);
  if (record.postponed) return left('the pause after its last look is not over');
  const found = await look(session, ledger.catchUp, selection, record);
  if (found.kind === 'sealed' && record.status !== 'complete') return run(null, false);
  return found;
}

async function look(
  session: Session,
  records: CatchUpLedger,
  selection: RowSelection,
  record: CatchUpRecord,
): Promise<Due> {
  const since = performance.now();
  const found = await probeCheaply(session, selection, record.cursor);
  const took = performance.now() - since;
  if (found.kind === 'sealed') {
    const newly = record.sealedBy === null && (await records.seal(session, found.by));
    return { kind: 'sealed', by: record.sealedBy ?? found.by, newly };
  }
  // What the seal stood for is no longer there.
  if (record.sealedBy !== null) await records.seal(session, null);
  await records.looked(session, {
    index: found.index,
    cursor: cursorOf(found),
    pauseMs: took > CHEAP_MS ? took * PAUSE_FACTOR : 0,
  });
  const indexed = found.index !== null;
  return found.kind === 'found' ? run(indexed, record.status === 'complete') : { kind: 'nothing', indexed };
}

/** After a run that proved its end without an index, by reading the table. */
export async function pauseAfter(
  session: Session,
  definition: BackfillDefinition,
  ledger: Ledger,
  tookMs: number,
): Promise<void> {
  if (tookMs <= CHEAP_RUN_MS) return;
  await ledger.of(definition).catchUp.postpone(session, tookMs * PAUSE_FACTOR);
}

/** It is complete, or nothing but rows in quarantine is known to be left: only what became pending since can be done. */
function isAtRest({ status, quarantined, unfinished }: CatchUpRecord): boolean {
  return status === 'complete' || (status === 'incomplete' && quarantined && !unfinished);
}

function notForUs({ status, leasedBy }: CatchUpRecord): string | null {
  if (status === 'paused' || status === 'cancelled') return `a person has it ${status}`;
  if (status === 'failed') return 'it has failed, and needs a person';
  return leasedBy === null ? null : `${leasedBy} is running it`;
}

function cursorOf(found: Exclude<CheapProbeResult, { kind: 'sealed' }>): readonly string[] | null {
  return found.kind === 'none' ? found.cursor : null;
}

function run(indexed: boolean | null, drift: boolean): Due {
  return { kind: 'run', drift, indexed };
}

function left(why: string): Due {
  return { kind: 'left', why };
}

/** No such table; no such column. */
const ABSENT: ReadonlySet<string | undefined> = new Set(['42P01', '42703']);

/** What of an error may be otherwise in the next round; null where it is an error. */
function notNow(error: unknown): string | null {
  if (error instanceof TableMismatchError || ABSENT.has(sqlState(error))) return 'the table does not fit';
  switch (classifyDatabaseError(error)) {
    case 'lock':
      return 'somebody keeps the table locked';
    case 'too-slow':
      return 'the database takes too long to answer';
    default:
      return null;
  }
}
