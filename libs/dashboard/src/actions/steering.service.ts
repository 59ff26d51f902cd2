import { Inject, Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import type { RunRequest } from 'nestjs-backfill';
import { messageOf } from 'nestjs-backfill/errors';
import { DASHBOARD_SETTINGS, type ResolvedSettings } from '../options/dashboard.options.js';
import { keyToText } from '../reading/key.text.js';
import { OverviewReader } from '../reading/overview.reader.js';
import { Runtime } from '../reading/runtime.js';
import { logText, quotedLogText } from '../security/log.text.js';
import { TEXTS } from '../texts.js';
import type { SteeringRequest } from './steering.request.js';
import { SteeringRefusal } from './steering.refusal.js';

/** Milliseconds from the shutdown until the current batch is cancelled. */
const CANCEL_AFTER_MS = 2_000;
/** Milliseconds from the shutdown until the connections are closed. */
const ABANDON_AFTER_MS = 5_000;

/** Carries out the actions of persons. */
@Injectable()
export class SteeringService implements OnModuleDestroy {
  readonly #runtime: Runtime;
  readonly #settings: ResolvedSettings;
  readonly #overviews: OverviewReader;
  readonly #logger = new Logger('BackfillDashboard');
  readonly #shutdown = new AbortController();
  #run: Promise<void> | null = null;
  /** Whether a request is being checked and recorded, before its run. */
  #isStarting = false;

  constructor(
    @Inject(Runtime) runtime: Runtime,
    @Inject(DASHBOARD_SETTINGS) settings: ResolvedSettings,
    @Inject(OverviewReader) overviews: OverviewReader,
  ) {
    this.#runtime = runtime;
    this.#settings = settings;
    this.#overviews = overviews;
  }

  /** @throws SteeringRefusal, and the errors of BackfillService */
  async carryOut(request: SteeringRequest): Promise<void> {
    const { action, name, by, reason: why, targets } = request;
    const { backfills } = this.#runtime;
    const control = { by, why, ...(targets.length > 0 ? { targets } : {}) };
    switch (action) {
      case 'pause':
      case 'resume':
      case 'cancel':
        await backfills[action](name, control);
        break;
      case 'set':
        await backfills.set(name, request.settings, control);
        break;
      case 'run':
      case 'retry':
        await this.#start(request);
    }
    this.#overviews.forget();
  }

  /** Stops the run of this process; its last batch is finished or rolled back. */
  async onModuleDestroy(): Promise<void> {
    this.#shutdown.abort("the application's shutdown");
    await this.#run;
  }

  async #start(asked: SteeringRequest): Promise<void> {
    if (!this.#settings.runs) throw new SteeringRefusal(409, TEXTS.errors.runsOff);
    if (this.#run !== null || this.#isStarting) throw new SteeringRefusal(409, TEXTS.errors.busy);
    this.#isStarting = true;
    try {
      await this.#record(asked);
      this.#runInBackground(asked);
    } finally {
      this.#isStarting = false;
    }
  }

  /** Writes who starts the run, and why, to the ledger. @throws SteeringRefusal if it may not start */
  async #record({ action, name, by, reason, keys }: SteeringRequest): Promise<void> {
    const { backfills, records } = this.#runtime;
    records.declaration(name);
    if (keys !== null) await this.#checkKeys(name, keys);
    const why = keys === null ? reason : `${reason} (${TEXTS.chosenRows(keys.map(keyToText))})`;
    const verb = action === 'retry' ? action : 'run';
    const { changed, status } = await backfills.recordStart(name, verb, { by, why });
    if (!changed) throw new SteeringRefusal(409, TEXTS.errors.held(TEXTS.states[status].name));
  }

  #runInBackground({ action, name, by, reason, keys }: SteeringRequest): void {
    this.#logger.log(`Run of ${name} by ${quotedLogText(by)}: ${quotedLogText(reason)}`);
    const request: RunRequest = {
      names: [name],
      ...(keys === null ? { retryQuarantined: action === 'retry' } : { retryKeys: keys }),
      signal: this.#shutdown.signal,
      cancelAfterMs: CANCEL_AFTER_MS,
      abandonAfterMs: ABANDON_AFTER_MS,
    };
    this.#run = this.#runtime.backfills
      .run(request)
      .then(
        ({ backfills: [report] }) =>
          this.#logger.log(`${name}: ${report?.status ?? 'not run'}. ${logText(report?.reason ?? '')}`),
        (error: unknown) => this.#logger.error(`${name}: ${logText(messageOf(error))}`),
      )
      .finally(() => {
        this.#run = null;
        this.#overviews.forget();
      });
  }

  /** @throws SteeringRefusal, RetryKeysError */
  async #checkKeys(name: string, keys: readonly (readonly string[])[]): Promise<void> {
    const { total } = await this.#runtime.records.quarantinedRows(name, { keys, limit: 1 });
    const missing = new Set(keys.map((key) => JSON.stringify(key))).size - total;
    if (missing > 0) throw new SteeringRefusal(422, TEXTS.errors.notInQuarantine(missing));
  }
}
