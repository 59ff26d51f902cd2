import { setTimeout as delay } from 'node:timers/promises';
import type { BackfillModuleOptions, BackfillPhaseReport } from 'nestjs-backfill';
import { TestApplication } from '../support/applications/application.ts';
import { TestDatabase } from '../support/server/database.ts';
import type { Message } from '../support/server/protocol-framer.ts';
import { ProtocolProxy, type Fault } from '../support/server/protocol-proxy.ts';
import {
  allDoneOnce,
  installAudit,
  ITEM_BACKFILLS,
  ITEM_ENTITIES,
  readItems,
  nameOf,
  openTransactions,
  resetItems,
  type ItemsState,
  WORKS,
  type Work,
} from './items.ts';

/** Short, so that a stalled connection is detected soon, but long enough for a slow machine. */
const MODULE: BackfillModuleOptions = {
  leaseDuration: 1_000,
  defaults: { pause: 0, statementTimeout: 2_000, idleInTransactionTimeout: 1_000, lockTimeout: 20_000 },
};
/** After this time, a case is reported as hanging. */
const MAX_CASE_MS = 90_000;
/** The disturbed run must end within this time after its connections work again and a stop is requested. */
const MAX_END_MS = 60_000;

/** The result of one case. */
export interface CaseOutcome {
  readonly message: string;
  /** The differences from the expected state; empty if there are none. */
  readonly wrong: readonly string[];
  readonly ms: number;
}

/**
 * A database and two applications: the first connects through a proxy, the second directly. The cases of one
 * lane run one after another; several lanes run in parallel.
 */
export class FaultLane {
  readonly #database: TestDatabase;
  readonly #proxy: ProtocolProxy;
  readonly #first: TestApplication;
  readonly #second: TestApplication;

  private constructor(
    database: TestDatabase,
    proxy: ProtocolProxy,
    first: TestApplication,
    second: TestApplication,
  ) {
    this.#database = database;
    this.#proxy = proxy;
    this.#first = first;
    this.#second = second;
  }

  static async open(): Promise<FaultLane> {
    const database = await TestDatabase.create();
    const proxy = await ProtocolProxy.start(database);
    const application = (target: TestDatabase, synchronize: boolean) =>
      TestApplication.start({
        database: target,
        entities: ITEM_ENTITIES,
        backfills: ITEM_BACKFILLS,
        synchronize,
        module: MODULE,
      });
    const second = await application(database, true);
    const first = await application(proxy.database, false);
    await installAudit(database);
    await second.service.run({ names: WORKS.slice(0, 1).map(nameOf) }); // installs the ledger
    return new FaultLane(database, proxy, first, second);
  }

  async close(): Promise<void> {
    this.#proxy.heal();
    await this.#first.stop();
    await this.#second.stop();
    await this.#proxy.close();
    await this.#database.drop();
  }

  /** The number of messages of an undisturbed run. */
  async messages(work: Work): Promise<number> {
    await resetItems(this.#database, work);
    const before = this.#proxy.messages;
    await this.#first.service.run({ names: [nameOf(work)] });
    return this.#proxy.messages - before;
  }

  /**
   * Disturbs a run at message `at` and lets a second process finish.
   * @returns null if the run has fewer messages
   */
  async run(work: Work, fault: Fault, at: number): Promise<CaseOutcome | null> {
    const started = performance.now();
    await resetItems(this.#database, work);
    const disturbed = this.#proxy.injectFault(fault, at);
    const abort = new AbortController();
    const over = new AbortController();
    const first = this.#first.service.run({ names: [nameOf(work)], signal: abort.signal });
    const message = await Promise.race([disturbed, first.then(() => null)]);
    const wrong: string[] = [];
    let ms: number;
    try {
      if (message === null) return null;
      // A process whose network has vanished takes no further part.
      if (fault === 'vanish') abort.abort('SIGKILL');
      const hangs = after(MAX_CASE_MS, over.signal, async () => {
        const open = await openTransactions(this.#database, fault === 'vanish');
        return [`hangs: ${open.join('; ') || 'no transaction is open'}`];
      });
      wrong.push(...(await Promise.race([this.#finish(work, fault, first, over.signal), hangs])));
      ms = performance.now() - started;
    } finally {
      over.abort();
      this.#proxy.heal();
      abort.abort('the end of the test');
      const ended = new AbortController();
      const never = after(MAX_END_MS, ended.signal, () => ['the disturbed run never ends']);
      wrong.push(...(await Promise.race([first.then(() => []), never])));
      ended.abort();
    }
    return { message: describeMessage(message, at), wrong, ms };
  }

  async #finish(
    work: Work,
    fault: Fault,
    first: Promise<BackfillPhaseReport>,
    over: AbortSignal,
  ): Promise<readonly string[]> {
    const names = [nameOf(work)];
    // The second process first runs in parallel with the first one and takes no range that this one holds.
    // Then it runs alone.
    await this.#second.service.run({ names });
    if (fault !== 'vanish') await first;
    const last = await this.#second.service.run({ names });
    const wrong = differences(await readItems(this.#database, work), allDoneOnce(work));
    if (!last.backfills[0]?.proved) wrong.push(`not proved: ${last.backfills[0]?.reason}`);
    while (!over.aborted && (await openTransactions(this.#database, fault === 'vanish')).length > 0)
      await delay(50);
    return wrong;
  }
}

/** Resolves to the result of `callback` after `ms`; stays pending if `over` is aborted before. */
async function after<T>(ms: number, over: AbortSignal, callback: () => T | Promise<T>): Promise<T> {
  await delay(ms, undefined, { signal: over, ref: false }).catch(() => new Promise(() => undefined));
  return callback();
}

function differences(actual: ItemsState, expected: ItemsState): string[] {
  return (Object.keys(expected) as (keyof ItemsState)[])
    .filter((key) => actual[key] !== expected[key])
    .map((key) => `${key} is ${actual[key]} instead of ${expected[key]}`);
}

function describeMessage({ name, from, bytes }: Message, at: number): string {
  const text = name === 'Parse' || name === 'Query' || name === 'CommandComplete' ? readable(bytes) : '';
  return `message ${at}, ${name} of the ${from}${text && `: ${text}`}`;
}

function readable(bytes: Buffer): string {
  return bytes
    .toString('utf8', 5)
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim()
    .slice(0, 100);
}
