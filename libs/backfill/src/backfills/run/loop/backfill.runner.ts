import { RunRecorder } from '../outcome/run.recorder.js';
import { RunReporter } from '../outcome/run.reporter.js';
import type { RunOutcome } from '../outcome/run-outcome.js';
import { enforceStop } from '../stop/stop.enforcer.js';
import type { TenantRunOutcome } from '../tenants/tenant-run.js';
import { WaitWatch } from '../workers/wait.watch.js';
import { RunContext, type RunContextOptions } from './run.context.js';
import { outcomeOfError } from './run.failure.js';
import { runLoop } from './run.loop.js';
import { prepareRun } from './run.preparation.js';

/**
 * Runs one backfill, or one part of a run: sweeps and settles its ranges, then proves that no row is pending.
 */
export class BackfillRunner {
  readonly #run: RunContext;
  readonly #recorder: RunRecorder;
  readonly #reporter: RunReporter;

  constructor(options: RunContextOptions) {
    const run = (this.#run = new RunContext(options));
    const { connection, definition, ledger, log, scope } = run;
    const { observer } = run.options;
    this.#recorder = new RunRecorder({
      definition,
      ledger,
      connection,
      log,
      othersContinue: async () => run.isShared && (await run.others.haveLeases()),
    });
    this.#reporter = new RunReporter({ definition, ledger, connection, log, scope, observer });
  }

  async run(): Promise<TenantRunOutcome> {
    const { completionLease, connection } = this.#run;
    try {
      return await this.#runToEnd();
    } finally {
      await completionLease.release();
      await connection.drop();
    }
  }

  async #runToEnd(): Promise<TenantRunOutcome> {
    const { options, scope } = this.#run;
    const connections = () => this.#run.connections;
    const endEnforcement = enforceStop(options.stop, options, connections);
    const { ledger, log } = this.#run;
    const watched = () => [...connections(), { session: this.#run.proofSession, waitingFor: null }];
    const waitWatch = new WaitWatch({ connections: watched, ledger, log });
    const loopOutcome = await this.#prepareAndLoop().finally(() => {
      waitWatch.stop();
      endEnforcement();
    });
    const endsRun = scope.endsRun(loopOutcome);
    const outcome = endsRun ? await this.#recorder.record(loopOutcome) : loopOutcome;
    const { selection, isRecordedAsRunning } = this.#run;
    const report = await this.#reporter.report({ outcome, endsRun, selection, isRecordedAsRunning });
    return { report, endsRun, holder: loopOutcome.holder ?? null };
  }

  async #prepareAndLoop(): Promise<RunOutcome> {
    try {
      const prepared = await prepareRun(this.#run);
      return 'reason' in prepared ? prepared : await runLoop(this.#run, prepared);
    } catch (error) {
      return outcomeOfError(this.#run, error);
    }
  }
}
