import type { Ledger } from '../../ledger/ledger.js';
import type { TenantScope } from '../../ledger/range.js';
import { classifyDatabaseError } from '../../sql/error-classes.js';
import type { Session } from '../../sql/session.js';
import { applyPolicy } from '../../sql/timeout-policy.js';
import { RowSelection } from '../batch/row-selection.js';
import { inspectTable } from '../batch/table.inspector.js';
import type { BackfillDefinition } from '../declare/definition.js';
import type { BackfillReport } from '../report/report.js';
import type { Connection } from './connection.js';
import { THE_DATABASE } from './ending.js';
import type { StopSign } from './stop-sign.js';

/** Milliseconds of one tenant's turn, where they take turns. */
const TURN = 30_000;
/** Milliseconds in which the tenants must be counted; else a sample of the table tells which there are. */
const COUNT_MS = 5_000;
/** Tenants that get a run of their own at most; the last run, of the whole, does the rest. */
const TENANTS_MOST = 10_000;
/** Pages that the sample reads, in percent of the table. */
const SAMPLE_PERCENT = 1;

/** One run of the backfill, for some tenants or for all. */
export type ScopedRun = (tenants: TenantScope, stop: StopSign) => Promise<BackfillReport>;

export interface TenantSequenceOptions {
  readonly definition: BackfillDefinition;
  readonly ledger: Ledger;
  readonly connection: Connection;
  readonly stop: StopSign;
  readonly run: ScopedRun;
  readonly note: (message: string) => void;
}

/**
 * A run of all tenants, in the order that the backfill asks for: first its canary, then tenant by tenant, and at the end the whole, which
 * takes what is of no tenant and proves that everything is done. Each part is a run of its own in the ledger, so that it goes on
 * where it was left.
 */
export class TenantSequence {
  readonly #options: TenantSequenceOptions;
  readonly #parts: BackfillReport[] = [];

  constructor(options: TenantSequenceOptions) {
    this.#options = options;
  }

  async run(): Promise<BackfillReport> {
    const { definition, connection, ledger, stop } = this.#options;
    const status = await connection.use((session) => ledger.statusOf(session, definition)).catch(() => null);
    // Of what is complete only drift is left, which has no order.
    const end =
      status === 'complete' || status === 'cancelled'
        ? null
        : ((await this.#canary()) ?? (await this.#inOrder()));
    return this.#sum(end ?? (await this.#options.run(null, stop)));
  }

  /** @returns how the run ends with it; null to go on */
  async #canary(): Promise<BackfillReport | null> {
    const { definition, connection, ledger, stop, run, note } = this.#options;
    const { canary } = definition;
    if (canary === null) return null;
    const report = await run(canary.tenants, stop);
    if (!report.proved) return report;
    const whose = `the canary's tenants (${canary.tenants.join(', ')})`;
    const isHeldUp = { proved: false, remaining: null } as const; // of the other tenants nothing has been counted
    const reason = `Every row of ${whose} is done, which the probe proved. Look at them, and let the others follow with --resume ${definition.name}.`;
    if (
      canary.then === 'continue' ||
      (await connection.use((session) => ledger.wasResumed(session, definition, reason)))
    ) {
      this.#parts.push(report);
      if (!report.nothingToDo) note(`Going on with all tenants: ${whose} are done, which the probe proved.`);
      return null;
    }
    // Nothing was pending, so that the run did not begin, and what made an earlier one fail may be as it was. A pause would hide that.
    if (report.status === 'failed') {
      const { reason: why } = await connection.use((session) =>
        ledger.open(session, definition, definition.kind),
      );
      const remedy = `Once its cause is mended, say so with --cancel ${definition.name} and --resume ${definition.name}; the next run then waits for a person to look at the canary.`;
      return {
        ...report,
        ...isHeldUp,
        reason: `It has failed: ${why} Nothing is pending of ${whose}, and the others are not begun. ${remedy}`,
        waitingFor: 'a person to mend what it failed by',
      };
    }
    await connection.use((session) => ledger.transition(session, definition, 'paused', reason));
    return { ...report, ...isHeldUp, status: 'paused', reason, waitingFor: 'a person to resume it' };
  }

  async #inOrder(): Promise<BackfillReport | null> {
    const { definition, connection } = this.#options;
    const { tenantOrder } = definition;
    if (tenantOrder === null) return null;
    if (typeof tenantOrder !== 'string') return this.#oneByOne(tenantOrder);
    const tenants = await connection.use((session) => this.#pendingTenants(session));
    return tenantOrder === 'smallest-first' ? this.#oneByOne(tenants) : this.#inTurns(tenants);
  }

  async #oneByOne(tenants: readonly string[]): Promise<BackfillReport | null> {
    for (const tenant of tenants) {
      const end = await this.#turn(tenant, this.#options.stop);
      if (end) return end;
    }
    return null;
  }

  async #inTurns(tenants: readonly string[]): Promise<BackfillReport | null> {
    let left = [...tenants];
    while (left.length > 0) {
      const unfinished: string[] = [];
      for (const tenant of left) {
        const stop = this.#options.stop.within(TURN);
        const end = await this.#turn(tenant, stop);
        if (end) return end;
        if (isWorthATurn(this.#parts.at(-1)) && stop.reason !== null) unfinished.push(tenant);
      }
      left = unfinished;
    }
    return null;
  }

  /** @returns how the run ends with it; null to go on with the next */
  async #turn(tenant: string, stop: StopSign): Promise<BackfillReport | null> {
    const report = await this.#options.run([tenant], stop);
    if (this.#options.stop.reason !== null || concernsAll(report)) return report;
    this.#parts.push(report);
    return null;
  }

  /** Tenants with pending rows, those with the fewest first. */
  async #pendingTenants(session: Session): Promise<string[]> {
    const { definition, ledger } = this.#options;
    const facts = await inspectTable(session, definition);
    const selection = new RowSelection(definition, ledger, facts, null);
    const list = (sample: string) => {
      const parameters = selection.parameters();
      return {
        text: `SELECT nb_tenant FROM (SELECT ${selection.tenantText} AS nb_tenant FROM ${selection.from} ${sample}
            WHERE ${selection.isDue(parameters, false)}) AS nb_pending
          WHERE nb_tenant IS NOT NULL GROUP BY nb_tenant ORDER BY count(*), nb_tenant LIMIT ${parameters.add(TENANTS_MOST, 'int')}`,
        values: parameters.values,
      };
    };
    const ask = async (sample: string): Promise<string[]> => {
      const { rows } = await session.transaction([
        applyPolicy({ ...definition.pace, statementTimeout: COUNT_MS }),
        list(sample),
      ]);
      return (rows[1] ?? []).map(([tenant]) => tenant ?? '');
    };
    try {
      return await ask('');
    } catch (error) {
      if (classifyDatabaseError(error) !== 'too-slow') throw error;
      this.#options.note('Counting the rows of each tenant takes too long: their order is that of a sample.');
      return ask(`TABLESAMPLE SYSTEM (${SAMPLE_PERCENT})`);
    }
  }

  /** The last part's report, with what the others did added to it. */
  #sum(last: BackfillReport): BackfillReport {
    const all = [...this.#parts, last];
    const total = (of: (report: BackfillReport) => number) =>
      all.reduce((sum, report) => sum + of(report), 0);
    const updated = total((report) => report.updated);
    const durationMs = total((report) => report.durationMs);
    const wasDoneBefore = last.nothingToDo && last.proved && updated > 0;
    return {
      ...last,
      ...(wasDoneBefore && { reason: 'Every row is done: the probe of the pending predicate found none.' }),
      nothingToDo: all.every(({ nothingToDo }) => nothingToDo),
      updated,
      batches: total((report) => report.batches),
      durationMs,
      rowsPerSecond: durationMs > 0 ? Math.round((updated / durationMs) * 1000) : 0,
    };
  }
}

/** What the tenant's turn was too short for; what it could not get done at all is left to the run of the whole, which tells why. */
function isWorthATurn(report: BackfillReport | undefined): boolean {
  return report?.proved === false && (report.updated > 0 || report.waitingFor !== null);
}

/** What keeps this tenant's rows from being done keeps those of the others too, or is a person's or another process' affair. */
function concernsAll({ status, proved, waitingFor }: BackfillReport): boolean {
  const isOurs = status === 'incomplete' || status === 'complete' || proved;
  return !isOurs || waitingFor === THE_DATABASE;
}
