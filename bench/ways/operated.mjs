import 'reflect-metadata';
import { metrics } from '@opentelemetry/api';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { NestFactory } from '@nestjs/core';
import { BackfillService } from 'nestjs-backfill';
import { BackfillDashboardModule } from 'nestjs-backfill-dashboard';
import { moduleOf, NAME } from './application.mjs';

/** Milliseconds between two collections of the metrics, more often than a scrape. */
const COLLECTED_EVERY_MS = 1_000;

/**
 * The backfill in a server with the dashboard. `observed`: with metrics, and the page of the backfill is open. The
 * browser is part of this process.
 *
 * @param {'observed' | 'unobserved'} how
 * @param {import('./application.mjs').Pace} pace
 * @returns {import('./ways.mjs').Way['run']}
 */
export const operatedBackfill =
  (how, pace) =>
  async ({ url, key }) => {
    const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
    const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: COLLECTED_EVERY_MS });
    if (how === 'observed') metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
    const dashboard = BackfillDashboardModule.forRoot({ authorize: () => 'viewer' });
    const module = moduleOf({ url, key, kind: 'set', pace }, [dashboard]);
    const application = await NestFactory.create(module, { logger: false });
    const closed = new AbortController();
    try {
      await application.listen(0, '127.0.0.1');
      const origin = (await application.getUrl()).replace('[::1]', '127.0.0.1');
      const answers = how === 'observed' ? visit(`${origin}/backfills`, closed.signal) : 0;
      const { outcome, backfills } = await application.get(BackfillService).run();
      if (outcome !== 'complete') throw new Error(`The backfill ended ${outcome}: ${backfills[0]?.reason}`);
      closed.abort();
      const isLong = Number(backfills[0]?.durationMs) > 5_000;
      if (how === 'observed' && isLong && (await answers) === 0)
        throw new Error('The open page saw no change.');
    } finally {
      closed.abort();
      await application.close();
      await reader.shutdown();
    }
  };

/**
 * What an open page does: it listens, and asks after each change. @param {string} dashboard @param {AbortSignal} signal
 * @returns {Promise<number>} answers
 */
async function visit(dashboard, signal) {
  let answers = 0;
  try {
    const { status, body } = await fetch(`${dashboard}/live`, { signal });
    if (status !== 200 || !body) throw new Error(`The stream of the dashboard answered ${status}.`);
    for await (const part of body.pipeThrough(new TextDecoderStream())) {
      if (!part.includes('event: changed')) continue;
      const answer = await fetch(`${dashboard}/api/v1/backfills/${NAME}`, { signal });
      await answer.json();
      if (answer.status !== 200) throw new Error(`The dashboard answered ${answer.status}.`);
      answers += 1;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  return answers;
}
