import type { BackfillLedger } from '../../../ledger/backfill.ledger.js';
import type { TenantScope } from '../../../ledger/range.js';
import { classifyDatabaseError } from '../../../postgres/error-classes.js';
import type { Session } from '../../../postgres/session.js';
import { applyPolicy } from '../../../postgres/timeout-policy.js';
import { RowSelection } from '../../batch/row-selection.js';
import { inspectTable } from '../../batch/table.inspector.js';
import type { BackfillDefinition } from '../../definition/definition.js';
import type { BackfillReport } from '../../report/report.js';
import type { RunConnection } from '../connection/run-connection.js';
import { noRowHas, provedByAnother } from '../outcome/run-outcome.js';
import { readNumbers, type BackfillNumbers } from '../outcome/numbers.reader.js';
import type { StopSignal } from '../stop/stop-signal.js';
import { concernsAll, type TenantRun, type TenantRunOutcome } from './tenant-run.js';

/** Milliseconds of one tenant's turn, where they take turns. */
const TURN = 30_000;
/** Milliseconds in which the tenants must be counted; else a sample of the table tells which there are. */
const COUNT_MS = 5_000;
/** Tenants that get a run of their own at most; the last run, of the whole, does the rest. */
const TENANTS_MOST = 10_000;
/** Pages that the sample reads, in percent of the table. */
const SAMPLE_PERCENT = 1;

/** Milliseconds before tenants that others have in hand are looked at again. */
const LOOK_AGAIN = 500;

/** A turn as the order has it, whatever this process has come to. */
type OrderedTurn = Omit<TenantRun, 'state'>;

/** One run of the backfill, for some tenants or for all. */
export type ScopedRun = (
  tenants: TenantScope,
  stop: StopSignal,
  turn: OrderedTurn,
) => Promise<TenantRunOutcome>;

export interface TenantSequenceOptions {
  readonly definition: BackfillDefinition;
  readonly ledger: BackfillLedger;
  readonly connection: RunConnection;
  readonly stop: StopSignal;
  readonly run: ScopedRun;
  readonly note: (message: string) => void;
  /** Told once for as long as it goes on. */
  readonly waiting: (owner: string) => void;
}

/**
 * A run of all tenants, in the order that the backfill asks for: first its canary, then tenant by tenant, and at the end the whole, which
 * takes what is of no tenant and proves that everything is done. Each part is a run of its own in the ledger, so that it goes on
 * where it was left. Of several processes, each takes the next tenant that the others leave it something of.
 */
export class TenantSequence {
  readonly #options: TenantSequenceOptions;
  readonly #parts: BackfillReport[] = [];

  constructor(options: TenantSequenceOptions) {
    this.#options = options;
  }

  async run(): Promise<BackfillReport> {
    const { connection, ledger, stop } = this.#options;
    const status = await connection.use((session) => ledger.status.read(session)).catch(() => null);
    // Of what is complete only drift is left, which has no order.
    const end =
      status === 'complete' || status === 'cancelled'
        ? null
        : ((await this.#canary()) ?? (await this.#inOrder()));
    return this.#sum(end ?? (await this.#options.run(null, stop, lastTurn(null))).report);
  }

  /** @returns how the run ends with it; null to go on */
  async #canary(): Promise<BackfillReport | null> {
    const { definition, connection, ledger, stop, run, note } = this.#options;
    const { canary } = definition;
    if (canary === null) return null;
    const { report, endsRun } = await run(canary.tenants, stop, {
      title: titleOf(canary.tenants, "The canary's tenant"),
      waits: true,
      endsRun: ({ proved }) => !proved,
    });
    if (endsRun) return report;
    const whose = `the canary's tenants (${canary.tenants.join(', ')})`;
    const { withoutRows = [] } = report;
    const proved = `Every row of ${whose} is done, which the probe proved. Look at them, and let the others follow with --resume ${definition.name}.`;
    const isEmpty = withoutRows.length === canary.tenants.length;
    const untried = `${noRowHas(canary.tenants)} of the canary, so that nothing was tried out. Mend the declaration, or let all tenants follow with --resume ${definition.name}.`;
    const reason = isEmpty
      ? untried
      : [proved, ...(withoutRows.length > 0 ? [`${noRowHas(withoutRows)}.`] : [])].join(' ');
    if (
      canary.then === 'continue' ||
      (await connection.use((session) => ledger.status.wasResumed(session, [proved, untried])))
    ) {
      this.#parts.push(report);
      if (!report.nothingToDo) note(`Going on with all tenants: ${whose} are done, which the probe proved.`);
      return null;
    }
    // Nothing was pending, so that the run did not begin, and what made an earlier one fail may be as it was. A pause would hide that.
    if (report.status === 'failed') {
      const { reason: why } = await connection.use((session) => ledger.status.open(session, definition.kind));
      const remedy = `Once its cause is mended, say so with --cancel ${definition.name} and --resume ${definition.name}; the next run then waits for a person to look at the canary.`;
      return {
        ...report,
        ...(await this.#numbers()),
        proved: false,
        reason: `It has failed: ${why} Nothing is pending of ${whose}, and the others are not begun. ${remedy}`,
        waitingFor: 'a person to mend what it failed by',
      };
    }
    await connection.use((session) => ledger.status.transition(session, { to: 'paused', reason }));
    return {
      ...report,
      ...(await this.#numbers()),
      status: 'paused',
      proved: false,
      reason,
      waitingFor: 'a person to resume it',
    };
  }

  async #inOrder(): Promise<BackfillReport | null> {
    const { definition, connection, stop } = this.#options;
    const { tenantOrder } = definition;
    if (tenantOrder === null) return null;
    if (typeof tenantOrder !== 'string') return this.#each(tenantOrder, () => stop);
    const tenants = await connection.use((session) => this.#pendingTenants(session));
    return this.#each(tenants, () => (tenantOrder === 'round-robin' ? stop.within(TURN) : stop));
  }

  /**
   * Those that a turn was too short for, and those that others have in hand, come again: the latter are done, or come free, or get worth
   * halving.
   *
   * @param limit of one turn
   * @returns how the run ends with it; null to go on
   */
  async #each(tenants: readonly string[], limit: () => StopSignal): Promise<BackfillReport | null> {
    let left = tenants;
    let isTold = false;
    while (left.length > 0) {
      const again: string[] = [];
      const holders: string[] = [];
      for (const tenant of left) {
        const stop = limit();
        const { report, endsRun, holder } = await this.#turn(tenant, stop);
        if (endsRun) return report;
        if (holder !== null) holders.push(holder);
        if (holder !== null || (isWorthATurn(report) && stop.reason !== null)) again.push(tenant);
      }
      const [holder] = holders;
      if (holder !== undefined && holders.length === left.length) {
        if (!isTold) this.#options.waiting(holder);
        isTold = true;
        await this.#options.stop.sleep(LOOK_AGAIN);
      } else isTold = false;
      left = again;
    }
    return null;
  }

  async #turn(tenant: string, stop: StopSignal): Promise<TenantRunOutcome> {
    const outcome = await this.#options.run([tenant], stop, {
      title: titleOf([tenant], 'Tenant'),
      waits: false,
      endsRun: (ending) =>
        ending.holder === undefined && (this.#options.stop.reason !== null || concernsAll(ending)),
    });
    // Who looks at what others have in hand has done nothing: there is nothing to remember.
    if (!outcome.endsRun && (outcome.holder === null || outcome.report.batches > 0))
      this.#parts.push(outcome.report);
    return outcome;
  }

  /** How all rows stand, where a part of them was looked at last. */
  async #numbers(): Promise<BackfillNumbers> {
    const { definition, ledger, connection } = this.#options;
    const ask = <T>(question: (session: Session) => Promise<T>) => connection.use(question).catch(() => null);
    const facts = await ask((session) => inspectTable(session, definition));
    const whole = facts && new RowSelection(definition, ledger, facts, null);
    return readNumbers(ask, ledger, definition, whole, null, false);
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
            WHERE ${selection.isPending(parameters)}) AS nb_pending
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
    const withoutRows = all.flatMap((report) => report.withoutRows ?? []);
    const nothingToDo = all.every((report) => report.nothingToDo);
    // The last part found nothing, but it is by this run, or beside it, that all is done.
    const isJustDone = last.nothingToDo && last.proved && !nothingToDo;
    const byWhom =
      updated > 0
        ? 'Every row is done: the probe of the pending predicate found none.'
        : provedByAnother().reason;
    return {
      ...last,
      ...(isJustDone && { reason: byWhom }),
      nothingToDo,
      ...(withoutRows.length > 0 ? { withoutRows } : {}),
      updated,
      batches: total((report) => report.batches),
      durationMs,
      rowsPerSecond: durationMs > 0 ? Math.round((updated / durationMs) * 1000) : 0,
    };
  }
}

/** What the tenant's turn was too short for; what it could not get done at all is left to the run of the whole, which tells why. */
function isWorthATurn({ proved, updated, waitingFor }: BackfillReport): boolean {
  return !proved && (updated > 0 || waitingFor !== null);
}

/** The turn that the run ends with, whatever comes of it. */
export function lastTurn(tenants: TenantScope): OrderedTurn {
  const title = tenants === null ? 'All tenants are at hand.' : titleOf(tenants, "The canary's tenant");
  return { title, waits: true, endsRun: () => true };
}

function titleOf(tenants: readonly string[], which: string): string {
  const [s, are] = tenants.length === 1 ? ['', 'is'] : ['s', 'are'];
  return `${which}${s} ${tenants.join(', ')} ${are} at hand.`;
}
