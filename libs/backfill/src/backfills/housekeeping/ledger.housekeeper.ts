import type { NamedDataSource } from '../../data-sources/data-source.registry.js';
import { installedStep, installLedger } from '../../ledger/ledger.installer.js';
import type { Ledger } from '../../ledger/ledger.js';
import { PruningLedger } from '../../ledger/records/pruning.ledger.js';
import { RemovalLedger } from '../../ledger/records/removal.ledger.js';
import { Session } from '../../postgres/session.js';
import type { CommandOptions } from '../../report/control-report.js';
import { assertNotStopped, watchCommand } from '../control/command.watch.js';
import { NoRecordsError, RecordsInUseError, RetentionError } from './housekeeping.error.js';
import type { ForgetReport, ForgottenBackfill, PruneReport } from './housekeeping.report.js';

/** Records of the last 90 days are kept. */
export const DEFAULT_RETENTION_MS = 90 * 86_400_000;
const MIN_RETENTION_MS = 86_400_000;

export interface HousekeeperOptions {
  readonly dataSources: readonly NamedDataSource[];
  readonly ledger: Ledger;
  /** The schema of the ledger, not quoted. */
  readonly schema: string;
  readonly command: CommandOptions;
}

/** Deletes records that are no longer needed from the ledgers of the application. */
export class LedgerHousekeeper {
  readonly #options: HousekeeperOptions;

  constructor(options: HousekeeperOptions) {
    this.#options = options;
  }

  /** @throws RetentionError */
  async prune(keepMs: number): Promise<PruneReport> {
    if (!(Number.isFinite(keepMs) && keepMs >= MIN_RETENTION_MS)) throw new RetentionError(keepMs);
    const { command } = this.#options;
    const pruning = new PruningLedger(this.#options.ledger);
    const pruned = await this.#inEachLedger(async (session, dataSource) => ({
      dataSource,
      ...(await pruning.prune(session, keepMs, () => assertNotStopped(command.signal))),
    }));
    return { phase: 'backfill', keepMs, pruned };
  }

  /**
   * @param names of backfills that are not declared
   * @throws NoRecordsError before anything is deleted
   * @throws RecordsInUseError if a process still works on one
   */
  async forget(names: readonly string[], declared: readonly string[]): Promise<ForgetReport> {
    const removal = new RemovalLedger(this.#options.ledger);
    const found = (
      await this.#inEachLedger((session, dataSource) => findIn(removal, session, { dataSource, names }))
    ).flat();
    for (const name of names) {
      const records = found.filter((each) => each.name === name);
      if (records.length === 0) throw new NoRecordsError(name, await this.#otherNames(removal, declared));
      const running = records.find(({ leasedBy }) => leasedBy !== null);
      if (running) throw inUse(name, running.leasedBy);
    }
    await this.#inEachLedger(async (session) => {
      for (const name of names) if (!(await removal.remove(session, name))) throw inUse(name, null);
    });
    return {
      phase: 'backfill',
      forgotten: found.map(({ name, dataSource, statuses, quarantined }) => ({
        name,
        dataSource,
        statuses,
        quarantined,
      })),
    };
  }

  async #otherNames(removal: RemovalLedger, declared: readonly string[]): Promise<readonly string[]> {
    const names = await this.#inEachLedger((session) => removal.otherNames(session, declared));
    return [...new Set(names.flat())];
  }

  /** Upgrades each ledger first. Installs none. */
  async #inEachLedger<T>(work: (session: Session, dataSource: string) => Promise<T>): Promise<T[]> {
    const { dataSources, schema, command } = this.#options;
    const results: T[] = [];
    for (const { name, dataSource } of dataSources) {
      const session = await Session.open(dataSource);
      try {
        await watchCommand(session, command, async () => {
          if ((await installedStep(session, schema)) === 0) return;
          await installLedger(session, schema);
          results.push(await work(session, name));
        });
      } finally {
        await session.close();
      }
    }
    return results;
  }
}

async function findIn(
  removal: RemovalLedger,
  session: Session,
  { dataSource, names }: { readonly dataSource: string; readonly names: readonly string[] },
): Promise<(ForgottenBackfill & { readonly leasedBy: string | null })[]> {
  const found = [];
  for (const name of names) {
    const records = await removal.find(session, name);
    if (records.statuses.length > 0) found.push({ dataSource, name, ...records });
  }
  return found;
}

function inUse(name: string, owner: string | null): RecordsInUseError {
  return new RecordsInUseError(
    name,
    `the process ${owner ?? 'that has just started'} works on it`,
    'An application of an earlier release still runs it. Stop that application, or wait until it has finished.',
  );
}
