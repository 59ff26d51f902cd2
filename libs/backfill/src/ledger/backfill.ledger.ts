import { CatchUpLedger } from './catch-up.ledger.js';
import { ControlLedger } from './control.ledger.js';
import { SubjectContext, type LedgerContext, type Subject } from './ledger.context.js';
import { LeaseLedger } from './lease/lease.ledger.js';
import { RangeLedger } from './range.ledger.js';
import { ProgressLedger } from './rows/progress.ledger.js';
import { QuarantineLedger } from './rows/quarantine.ledger.js';
import { SkippedRowLedger } from './rows/skipped-row.ledger.js';
import { StatusLedger } from './status.ledger.js';

/** Everything that the ledger keeps about one backfill. */
export class BackfillLedger {
  /** The quoted schema. */
  readonly schema: string;
  /** Names this run in leases and transitions: `host:pid:run`. */
  readonly owner: string;
  /** Duration of a lease in milliseconds. */
  readonly leaseMs: number;
  readonly subject: Subject;
  readonly status: StatusLedger;
  readonly ranges: RangeLedger;
  readonly leases: LeaseLedger;
  readonly skipped: SkippedRowLedger;
  readonly quarantine: QuarantineLedger;
  readonly progress: ProgressLedger;
  readonly control: ControlLedger;
  readonly catchUp: CatchUpLedger;

  constructor(ledger: LedgerContext, subject: Subject) {
    const context = new SubjectContext(ledger, subject);
    this.schema = context.schema;
    this.owner = context.owner;
    this.leaseMs = context.leaseMs;
    this.subject = context.subject;
    this.status = new StatusLedger(context);
    this.ranges = new RangeLedger(context);
    this.leases = new LeaseLedger(context);
    this.skipped = new SkippedRowLedger(context);
    this.quarantine = new QuarantineLedger(context);
    this.progress = new ProgressLedger(context);
    this.control = new ControlLedger(context, this.leases);
    this.catchUp = new CatchUpLedger(context);
  }
}
