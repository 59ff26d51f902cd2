import type { BackfillRegistry } from '../../backfills/definition/backfill.registry.js';
import { installedStep } from '../../ledger/ledger.installer.js';
import type { LedgerFactory } from '../../ledger/ledger.factory.js';
import { TRACE_SCHEMA_STEP, TraceLedger } from '../../ledger/records/trace.ledger.js';
import { Session } from '../../postgres/session.js';
import type { Span } from './telemetry.loader.js';
import { fromTraceParent, toTraceParent } from './trace-parent.js';

/** Links the span of each run to that of the run before, also of another process, through the ledger. */
export class RunLinker {
  readonly #registry: BackfillRegistry;
  readonly #ledgers: LedgerFactory;

  constructor(registry: BackfillRegistry, ledgers: LedgerFactory) {
    this.#registry = registry;
    this.#ledgers = ledgers;
  }

  /** Never throws: without the database, the span has no link. */
  async link(name: string, span: Span): Promise<void> {
    const own = toTraceParent(span.spanContext());
    if (own === null) return;
    const definition = this.#registry.get(name);
    try {
      const session = await Session.open(definition.dataSource);
      try {
        if ((await installedStep(session, this.#ledgers.schema)) < TRACE_SCHEMA_STEP) return;
        const ledger = this.#ledgers.forInspection().of(definition);
        await ledger.locate(session);
        const before = fromTraceParent(await new TraceLedger(ledger).replace(session, own));
        if (before !== null) span.addLink?.({ context: before });
      } finally {
        await session.close();
      }
    } catch {
      // See above.
    }
  }
}
