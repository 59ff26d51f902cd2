import type { BackfillObserver } from '../../report/observer.js';
import type { BackfillReport } from '../../report/report.js';
import type { Span, TelemetryApi } from './telemetry.loader.js';

/** SpanStatusCode.ERROR of @opentelemetry/api. */
const ERROR = 2;

/** A span for each run of this process. */
export class SpanObserver implements BackfillObserver {
  readonly #tracer: ReturnType<TelemetryApi['trace']['getTracer']>;
  readonly #spans = new Map<string, Span>();

  constructor(tracer: ReturnType<TelemetryApi['trace']['getTracer']>) {
    this.#tracer = tracer;
  }

  started({ name, version, reason }: Parameters<NonNullable<BackfillObserver['started']>>[0]): void {
    // A run by tenants starts once for each of its parts.
    if (this.#spans.has(name)) return;
    const attributes = { 'backfill.name': name, 'backfill.version': version, 'backfill.reason': reason };
    this.#spans.set(name, this.#tracer.startSpan(`backfill ${name}`, { attributes }));
  }

  finished({ name, status, reason, updated, batches }: BackfillReport): void {
    const span = this.#spans.get(name);
    if (!span) return;
    this.#spans.delete(name);
    span.setAttributes({ 'backfill.status': status, 'backfill.rows': updated, 'backfill.batches': batches });
    if (status === 'failed') span.setStatus({ code: ERROR, message: reason });
    span.end();
  }
}
