import { setTimeout as delay } from 'node:timers/promises';
import type { BackfillModuleOptions, BackfillPhaseReport } from 'nestjs-backfill';
import { TestApplication } from '../support/application.ts';
import { TestDatabase } from '../support/database.ts';
import type { Message } from '../support/protocol-framer.ts';
import { ProtocolProxy, type Fault } from '../support/protocol-proxy.ts';
import {
  eachOnce,
  installAudit,
  ITEM_BACKFILLS,
  ITEM_ENTITIES,
  lookAtItems,
  nameOf,
  openTransactions,
  resetItems,
  type ItemsLook,
  WORKS,
  type Work,
} from './items.ts';

/** Short, so that a stall is decided soon; long enough for a slow machine. */
const MODULE: BackfillModuleOptions = {
  leaseDuration: 1_000,
  defaults: { pause: 0, statementTimeout: 2_000, idleInTransactionTimeout: 1_000, lockTimeout: 20_000 },
};
/** Milliseconds after which a case is given up, and told as one that hangs. */
const CASE_MOST = 90_000;
/** Milliseconds that the struck run has for its end, once its connections are whole again and it is asked to stop. */
const END_MOST = 60_000;

/** What became of one case; null when there was no such message. */
export interface CaseOutcome {
  readonly message: string;
  /** What is not as it must be; empty when all is. */
  readonly wrong: readonly string[];
  readonly ms: number;
}

/**
 * A database with two processes' worth of workers: the first reaches it by way of a proxy, the second directly. Its cases run one after the other,
 * those of several lanes at once.
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
    const application = (over: TestDatabase, synchronize: boolean) =>
      TestApplication.start({
        database: over,
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

  /** How many messages a run takes that nothing happens to. */
  async messages(work: Work): Promise<number> {
    await resetItems(this.#database, work);
    const before = this.#proxy.messages;
    await this.#first.service.run({ names: [nameOf(work)] });
    return this.#proxy.messages - before;
  }

  /** A run that loses message `at`, and a second process that finishes. */
  async run(work: Work, fault: Fault, at: number): Promise<CaseOutcome | null> {
    const started = performance.now();
    await resetItems(this.#database, work);
    const struck = this.#proxy.injectFault(fault, at);
    const abort = new AbortController();
    const over = new AbortController();
    const first = this.#first.service.run({ names: [nameOf(work)], signal: abort.signal });
    const message = await Promise.race([struck, first.then(() => null)]);
    const wrong: string[] = [];
    let ms: number;
    try {
      if (message === null) return null;
      // Whoever is behind a network that has vanished is out of the game.
      if (fault === 'vanish') abort.abort('SIGKILL');
      const hangs = inTime(CASE_MOST, over.signal, async () => {
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
      const never = inTime(END_MOST, ended.signal, () => ['the run that was struck never ends']);
      wrong.push(...(await Promise.race([first.then(() => []), never])));
      ended.abort();
    }
    return { message: told(message, at), wrong, ms };
  }

  async #finish(
    work: Work,
    fault: Fault,
    first: Promise<BackfillPhaseReport>,
    over: AbortSignal,
  ): Promise<readonly string[]> {
    const names = [nameOf(work)];
    // At once, beside what the first one tries; then alone, since it leaves a range to a first one that lives.
    await this.#second.service.run({ names });
    if (fault !== 'vanish') await first;
    const last = await this.#second.service.run({ names });
    const wrong = differences(await lookAtItems(this.#database, work), eachOnce(work));
    if (!last.backfills[0]?.proved) wrong.push(`not proved: ${last.backfills[0]?.reason}`);
    while (!over.aborted && (await openTransactions(this.#database, fault === 'vanish')).length > 0)
      await delay(50);
    return wrong;
  }
}

/** What there is to say after so many milliseconds; a promise that stays pending when it is over before. */
async function inTime<T>(ms: number, over: AbortSignal, late: () => T | Promise<T>): Promise<T> {
  await delay(ms, undefined, { signal: over, ref: false }).catch(() => new Promise(() => undefined));
  return late();
}

function differences(look: ItemsLook, expected: ItemsLook): string[] {
  return (Object.keys(expected) as (keyof ItemsLook)[])
    .filter((key) => look[key] !== expected[key])
    .map((key) => `${key} is ${look[key]} instead of ${expected[key]}`);
}

function told({ name, from, bytes }: Message, at: number): string {
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
