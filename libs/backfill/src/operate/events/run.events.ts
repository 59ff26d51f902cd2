import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { BackfillRegistry } from '../../backfills/definition/backfill.registry.js';
import { LedgerFactory } from '../../ledger/ledger.factory.js';
import { EventLedger } from '../../ledger/records/event.ledger.js';
import { OPERATE_SCHEMA_STEP } from '../../ledger/records/overview.ledger.js';
import { Session } from '../../postgres/session.js';
import type { BackfillWait } from '../../report/observer.js';
import { RunObservers } from '../../report/observers/run-observers.registry.js';

/** Records in the ledger that a throttle holds a run of this process. */
@Injectable()
export class RunEvents implements OnModuleInit {
  readonly #registry: BackfillRegistry;
  readonly #ledgers: LedgerFactory;
  readonly #observers: RunObservers;
  /** The throttles that hold a run, by the name of the backfill. */
  readonly #holding = new Map<string, string>();
  #writing: Promise<void> = Promise.resolve();

  constructor(
    @Inject(BackfillRegistry) registry: BackfillRegistry,
    @Inject(LedgerFactory) ledgers: LedgerFactory,
    @Inject(RunObservers) observers: RunObservers,
  ) {
    this.#registry = registry;
    this.#ledgers = ledgers;
    this.#observers = observers;
  }

  onModuleInit(): void {
    this.#observers.add({
      observer: {
        progressed: ({ name }) => void this.#holding.delete(name),
        waiting: (wait) => this.#waiting(wait),
        finished: ({ name }) => void this.#holding.delete(name),
      },
      flush: () => this.#writing,
    });
  }

  /** One event for each wait: the reason of a wait changes with its numbers. */
  #waiting({ name, waitingFor, throttles = [] }: BackfillWait): void {
    const names = throttles.map((throttle) => throttle.name).join(', ');
    if (names === '' || this.#holding.get(name) === names) return;
    this.#holding.set(name, names);
    this.#writing = this.#writing.then(() => this.#record(name, waitingFor));
  }

  /** Never throws: without the database, the run waits anyway and reports it. */
  async #record(name: string, reason: string): Promise<void> {
    const definition = this.#registry.get(name);
    const ledger = this.#ledgers.forRun();
    try {
      const session = await Session.open(definition.dataSource);
      try {
        const own = ledger.of(definition);
        await own.locate(session, OPERATE_SCHEMA_STEP);
        const { version, target } = own.reported;
        const event = { type: 'throttled', name, version, target, reason, actor: ledger.owner };
        await session.transaction([new EventLedger(ledger).add(event)]);
      } finally {
        await session.close();
      }
    } catch {
      // See above.
    }
  }
}
