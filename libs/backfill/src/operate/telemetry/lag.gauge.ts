import type { BackfillRegistry } from '../../backfills/definition/backfill.registry.js';
import { LagReader } from './lag.reader.js';
import type { Meter } from './telemetry.loader.js';

/** Exports the lag of each backfill that names a column for it. */
export function addLagGauge(meter: Meter, registry: BackfillRegistry): void {
  const reader = new LagReader();
  const gauge = meter.createObservableGauge('backfill.lag', {
    description: 'Age of the oldest pending row, by the column in `lagColumn`',
    unit: 's',
  });
  gauge.addCallback(async (result) => {
    for (const definition of registry.definitions.filter(({ lagColumn }) => lagColumn !== null)) {
      const seconds = await reader.read(definition);
      if (seconds !== null) result.observe(seconds, { 'backfill.name': definition.name });
    }
  });
}
