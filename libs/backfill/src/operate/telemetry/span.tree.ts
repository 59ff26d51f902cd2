import type { Context, Span, TelemetryApi, Tracer } from './telemetry.loader.js';
import { fromTraceParent } from './trace-parent.js';

/** SpanStatusCode.ERROR of @opentelemetry/api. */
const ERROR = 2;

type Attributes = Parameters<Tracer['startSpan']>[1]['attributes'];

/** A span to start, and where it belongs. */
export interface NewSpan {
  /** The key of the span that it belongs to; missing keys are passed over: the first that is open counts. */
  readonly parents: readonly string[];
  readonly name: string;
  readonly attributes: Attributes;
}

/** How a span ends. */
export interface SpanEnd {
  readonly attributes: Attributes;
  /** The message of the error status; null: no error. @default null */
  readonly error?: string | null;
  /** By Date.now(). @default now */
  readonly endedAt?: number;
}

/** The open spans of this process by keys, each below another one. */
export class SpanTree {
  readonly #api: TelemetryApi;
  readonly #tracer: Tracer;
  readonly #open = new Map<string, Span>();

  constructor(api: TelemetryApi, tracer: Tracer) {
    this.#api = api;
    this.#tracer = tracer;
  }

  isOpen(key: string): boolean {
    return this.#open.has(key);
  }

  start(key: string, { parents, name, attributes }: NewSpan): Span {
    const span = this.#tracer.startSpan(name, { attributes }, this.#contextOf(parents));
    this.#open.set(key, span);
    return span;
  }

  end(key: string, { attributes, error = null, endedAt }: SpanEnd): void {
    const span = this.#open.get(key);
    if (!span) return;
    this.#open.delete(key);
    span.setAttributes(attributes);
    if (error !== null) span.setStatus({ code: ERROR, message: error });
    span.end(endedAt);
  }

  /** Adds a span that has ended now. */
  add({ parents, name, attributes }: NewSpan, durationMs: number): void {
    const startTime = Date.now() - durationMs;
    this.#tracer.startSpan(name, { attributes, startTime }, this.#contextOf(parents)).end();
  }

  /** Without an open parent: the active span of the application, otherwise that of the variable TRACEPARENT. */
  #contextOf(parents: readonly string[]): Context {
    const { context, trace } = this.#api;
    for (const key of parents) {
      const parent = this.#open.get(key);
      if (parent) return trace.setSpan(context.active(), parent);
    }
    const given = fromTraceParent(process.env['TRACEPARENT']);
    const active = context.active();
    return given === null || trace.getSpan(active) !== undefined
      ? active
      : trace.setSpanContext(active, given);
  }
}
