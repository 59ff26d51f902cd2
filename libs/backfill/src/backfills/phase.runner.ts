import type { Ledger } from '../ledger/ledger.js';
import { worstOf } from '../text/worst-of.js';
import type { BackfillKind } from '../report/backfill-kind.js';
import type { BackfillDefinition } from './definition/definition.js';
import type { BackfillObserver } from '../report/observer.js';
import { ignoreObserverErrors, wrapObserver } from '../report/observer.wrapper.js';
import {
  isDone,
  NO_BACKFILL_DECLARED,
  WORST_FIRST,
  type BackfillPhaseReport,
  type BackfillReport,
  type PhaseOutcome,
} from '../report/report.js';
import type { RunRequest } from '../report/request.js';
import { forecastRun } from './plan/run.forecast.js';
import { runInTurns, type RunOne } from './phase.turns.js';
import { runBackfill } from './run/run-backfill.js';
import type { RunOptions } from './run/run.options.js';
import { CANCEL_AFTER_MS } from './run/stop/stop.enforcer.js';
import { StopSignal } from './run/stop/stop-signal.js';
import type { DeclaredCheck } from './throttle/throttle-check.js';

const CONNECT_TIMEOUT_MS = 60_000;

/** The report of an application that declares no backfill. */
const NONE_DECLARED: BackfillPhaseReport = {
  phase: 'backfill',
  outcome: 'nothing-to-do',
  reason: NO_BACKFILL_DECLARED,
  backfills: [],
};

/** What the backfills of one request share. */
export interface PhaseContext {
  /** Null for all rows. */
  readonly tenants: readonly string[] | null;
  readonly ledger: Ledger;
  readonly schema: string;
  readonly checks: readonly DeclaredCheck[];
  /** Names of declared backfills that the request does not select. */
  readonly notRequested: readonly string[];
  readonly dependenciesOf: (definition: BackfillDefinition) => readonly BackfillDefinition[];
}

/** Runs several backfills one after the other. Never throws: the report holds what failed. */
export async function runPhase(
  definitions: readonly BackfillDefinition[],
  request: RunRequest,
  { tenants, ledger, schema, checks, notRequested, dependenciesOf }: PhaseContext,
): Promise<BackfillPhaseReport> {
  if (definitions.length === 0) return NONE_DECLARED;
  const observer = ignoreObserverErrors(request.observer ?? {});
  const runOne: RunOne = async (definition, stop, end) => {
    const options: RunOptions = {
      retried: request.retryKeys ?? (request.retryQuarantined === true ? 'all' : null),
      connectTimeoutMs: request.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
      cancelAfterMs: request.cancelAfterMs ?? CANCEL_AFTER_MS,
      abandonAfterMs: request.abandonAfterMs ?? null,
      dependencies: dependenciesOf(definition),
      observer: end === 'held' ? withoutEnd(observer) : addKind(observer, definition.kind),
      checks,
      tenants,
      stop,
    };
    const isPredicted = request.predict === true && tenants === null && stop.reason === null;
    const forecast = isPredicted ? await forecastRun(definition, ledger, schema) : null;
    const report = await runBackfill({ definition, ledgers: ledger, schema, options });
    const comparison = (await forecast?.compare(report)) ?? null;
    return { ...report, kind: definition.kind, ...(comparison && { comparison }) };
  };
  const reports = await runInTurns(definitions, new StopSignal(request), runOne, observer.finished);
  return {
    phase: 'backfill',
    outcome: worstOf(WORST_FIRST, reports.map(outcomeOf)),
    backfills: reports,
    ...(notRequested.length > 0 && { notRequested }),
  };
}

/** A turn does not end the run of its backfill. */
function withoutEnd(observer: BackfillObserver): BackfillObserver {
  return wrapObserver(observer, { finished: () => undefined });
}

/** Adds the kind to each report, so that deleted rows are not mistaken for updated ones. */
function addKind(observer: BackfillObserver, kind: BackfillKind): BackfillObserver {
  return wrapObserver(observer, { finished: (report) => observer.finished?.({ ...report, kind }) });
}

function outcomeOf(report: BackfillReport): PhaseOutcome {
  if (report.status === 'failed') return 'failed';
  if (!isDone(report)) return 'incomplete';
  return report.nothingToDo ? 'nothing-to-do' : 'complete';
}
