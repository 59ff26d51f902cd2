import { CatchUpLedger } from './catch-up.ledger.js';
import { ControlLedger } from './control.ledger.js';
import { SubjectContext, type LedgerContext, type Subject } from './ledger.context.js';
import { LeaseLedger } from './lease/lease.ledger.js';
import { PageRangeLedger } from './pages/page-range.ledger.js';
import { RangeLedger } from './range.ledger.js';
import { PaceLedger } from './rows/pace.ledger.js';
import { ProgressLedger } from './rows/progress.ledger.js';
import { QuarantineLedger } from './rows/quarantine.ledger.js';
import { SkippedRowLedger } from './rows/skipped-row.ledger.js';
import { StatusLedger } from './status.ledger.js';

/** All parts of the ledger for one backfill. */
export class BackfillLedger extends SubjectContext {
  readonly status: StatusLedger;
  readonly ranges: RangeLedger;
  readonly pages: PageRangeLedger;
  readonly leases: LeaseLedger;
  readonly skipped: SkippedRowLedger;
  readonly quarantine: QuarantineLedger;
  readonly progress: ProgressLedger;
  readonly pace: PaceLedger;
  readonly control: ControlLedger;
  readonly catchUp: CatchUpLedger;

  constructor(ledger: LedgerContext, subject: Subject) {
    super(ledger, subject);
    this.status = new StatusLedger(this);
    this.ranges = new RangeLedger(this);
    this.pages = new PageRangeLedger(this);
    this.leases = new LeaseLedger(this);
    this.skipped = new SkippedRowLedger(this);
    this.quarantine = new QuarantineLedger(this);
    this.progress = new ProgressLedger(this);
    this.pace = new PaceLedger(this);
    this.control = new ControlLedger(this, this.leases);
    this.catchUp = new CatchUpLedger(this);
  }
}
