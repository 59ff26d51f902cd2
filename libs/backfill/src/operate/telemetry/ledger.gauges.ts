import type { BackfillRecords } from '../../backfills/records/records.service.js';
import { BACKFILL_STATUSES } from '../../ledger/status.js';
import type { OverviewReport } from '../../report/records.js';
import type { Meter } from './telemetry.loader.js';

type Callback = Parameters<Meter['addBatchObservableCallback']>[0];

/** Gauges that are read from the ledgers when an exporter collects them: the same in each process. */
export class LedgerGauges {
  readonly #meter: Meter;
  readonly #gauges: { readonly pending: object; readonly quarantined: object; readonly status: object };
  readonly #callback: Callback;

  constructor(meter: Meter, records: Pick<BackfillRecords, 'overview'>) {
    this.#meter = meter;
    this.#gauges = {
      pending: meter.createObservableGauge('backfill.pending', {
        description: 'Pending rows, by the last sample of a run',
        unit: '{row}',
      }),
      quarantined: meter.createObservableGauge('backfill.quarantined', {
        description: 'Rows in quarantine',
        unit: '{row}',
      }),
      status: meter.createObservableGauge('backfill.status', {
        description: '1 for the status that a backfill has, 0 for each other one',
        unit: '1',
      }),
    };
    this.#callback = async (result) => {
      // A ledger that cannot be read leaves a gap, which alerts can notice.
      const overview = await records
        .overview()
        .catch((): OverviewReport => ({ backfills: [], unreadable: [] }));
      for (const { name, status, remaining, quarantined } of overview.backfills) {
        const attributes = { 'backfill.name': name };
        if (remaining !== null) result.observe(this.#gauges.pending, remaining, attributes);
        result.observe(this.#gauges.quarantined, quarantined, attributes);
        for (const each of BACKFILL_STATUSES)
          result.observe(this.#gauges.status, each === status ? 1 : 0, {
            ...attributes,
            'backfill.status': each,
          });
      }
    };
    meter.addBatchObservableCallback(this.#callback, Object.values(this.#gauges));
  }

  stop(): void {
    this.#meter.removeBatchObservableCallback(this.#callback, Object.values(this.#gauges));
  }
}
