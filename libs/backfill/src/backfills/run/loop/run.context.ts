import type { BackfillLedger } from '../../../ledger/backfill.ledger.js';
import type { Ledger } from '../../../ledger/ledger.js';
import type { LedgerRecord } from '../../../ledger/target/record.opener.js';
import type { Session } from '../../../postgres/session.js';
import type { RowSelection } from '../../batch/row-selection.js';
import { PaceControl } from '../../control/pace.control.js';
import type { BackfillDefinition } from '../../definition/definition.js';
import { RunConnection } from '../connection/run-connection.js';
import { BatchGate } from '../gate/batch.gate.js';
import { RunLog } from '../log/run-log.js';
import type { RunOptions } from '../run.options.js';
import { OtherProcesses } from '../scope/other-processes.js';
import type { RunScope } from '../scope/run-scope.js';
import { CompletionLease } from '../workers/completion.lease.js';
import type { WorkerPool } from '../workers/worker.pool.js';

export interface RunContextOptions {
  readonly definition: BackfillDefinition;
  readonly ledgers: Ledger;
  /** The schema of the ledger, not quoted. */
  readonly schema: string;
  readonly options: RunOptions;
  readonly scope: RunScope;
}

/** The dependencies and the state of one run, which all its components share. */
export class RunContext {
  readonly definition: BackfillDefinition;
  readonly ledgers: Ledger;
  readonly ledger: BackfillLedger;
  readonly schema: string;
  readonly options: RunOptions;
  readonly scope: RunScope;
  readonly log: RunLog;
  readonly connection: RunConnection;
  readonly completionLease: CompletionLease;
  readonly gate: BatchGate;
  readonly others: OtherProcesses;

  /** The ledger's record at the start of the run; null until it has been read. */
  record: LedgerRecord | null = null;
  /** Null until the table has been inspected. */
  selection: RowSelection | null = null;
  /** The workers of this process; null before the first range. */
  pool: WorkerPool | null = null;
  /** The second connection of a proof that reads page by page; null if there is none now. */
  proofSession: Session | null = null;
  /** Whether the run has taken a range and set the ledger's status to `running`. */
  hasStarted = false;

  constructor({ definition, ledgers, schema, options, scope }: RunContextOptions) {
    const { name, pace } = definition;
    const { checks, observer, stop } = options;
    const { tenants, leaseScope } = scope;
    this.definition = definition;
    this.ledgers = ledgers;
    const ledger = (this.ledger = ledgers.of(definition));
    this.schema = schema;
    this.options = options;
    this.scope = scope;
    const log = (this.log = new RunLog({ name, progressEvery: pace.progressEvery, observer }));
    const connection = (this.connection = this.connect());
    this.completionLease = new CompletionLease(connection, ledger, tenants, (message) =>
      log.note('warn', message),
    );
    const control = new PaceControl(pace);
    const gate = (this.gate = new BatchGate({
      definition,
      tenants,
      leaseScope,
      ledger,
      control,
      checks,
      stop,
      log,
    }));
    this.others = new OtherProcesses({ connection, ledger, gate, log, stop });
  }

  /** The connections that the run uses now. */
  get connections(): ReadonlySet<RunConnection> {
    return new Set([this.connection, ...(this.pool?.connections ?? [])]);
  }

  /** Whether other processes may take part in the run. */
  get isShared(): boolean {
    return this.scope.isAlwaysShared || this.gate.control.isShared;
  }

  /** Whether this run, or an earlier part of it, has set the ledger's status to `running`. */
  get isRecordedAsRunning(): boolean {
    return this.hasStarted || this.scope.isRecordedAsRunning(this.record);
  }

  /** Whether the status was `complete` at the start of the run and the run has taken no range since. */
  get isStillComplete(): boolean {
    return this.record?.status === 'complete' && !this.hasStarted;
  }

  /**
   * Opens another connection.
   *
   * @param dispensable see `RunConnectionOptions`
   */
  connect(dataSource = this.definition.dataSource, dispensable?: AbortSignal): RunConnection {
    const { stop, connectTimeoutMs } = this.options;
    const { statementTimeout } = this.definition.pace;
    return new RunConnection({
      dataSource,
      statementTimeout,
      stop,
      connectTimeoutMs,
      warn: (message) => this.log.note('warn', message),
      waiting: (waitingFor) => this.log.waiting(waitingFor),
      ...(dispensable ? { dispensable } : {}),
    });
  }

  /** Terminates the sessions of dead processes whose open transactions may block this run. */
  async endAbandoned(): Promise<void> {
    const ended = await this.connection.use((session) => session.endAbandoned());
    if (ended === 0) return;
    const transactions = ended === 1 ? 'a transaction' : `${ended} transactions`;
    this.log.note('warn', `Ended ${transactions} that a dead process had left unfinished.`);
  }
}
