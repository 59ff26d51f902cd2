/*
 * Separate type declarations for the used parts of @opentelemetry/api. The package is optional, and the library's type
 * declarations must compile without it.
 */

type Attributes = Readonly<Record<string, string | number | boolean>>;

export interface Counter {
  add(value: number, attributes?: Attributes): void;
}
export interface Histogram {
  record(value: number, attributes?: Attributes): void;
}
export interface ObservableResult {
  observe(value: number, attributes?: Attributes): void;
}
interface InstrumentOptions {
  readonly description: string;
  readonly unit: string;
}
interface BatchedResult {
  observe(gauge: object, value: number, attributes?: Attributes): void;
}
export interface ObservableGauge {
  addCallback(callback: (result: ObservableResult) => void | Promise<void>): void;
}
export interface Meter {
  createCounter(name: string, options: InstrumentOptions): Counter;
  createHistogram(
    name: string,
    options: InstrumentOptions & { readonly advice?: { readonly explicitBucketBoundaries: number[] } },
  ): Histogram;
  createObservableGauge(name: string, options: InstrumentOptions): ObservableGauge;
  addBatchObservableCallback(callback: (result: BatchedResult) => Promise<void>, gauges: object[]): void;
  removeBatchObservableCallback(callback: (result: BatchedResult) => Promise<void>, gauges: object[]): void;
}
/** What identifies a span over processes. */
export interface SpanContext {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceFlags: number;
  readonly isRemote?: boolean;
}
/** The active context; only the package looks into it. */
export type Context = object;
export interface Span {
  spanContext(): SpanContext;
  /** Since version 1.9 of the package. */
  addLink?(link: { readonly context: SpanContext }): unknown;
  setAttributes(attributes: Attributes): unknown;
  setStatus(status: { readonly code: number; readonly message?: string }): unknown;
  end(endTime?: number): void;
}
export interface Tracer {
  startSpan(
    name: string,
    options: { readonly attributes: Attributes; readonly startTime?: number },
    context: Context,
  ): Span;
}

/** The used part of @opentelemetry/api. */
export interface TelemetryApi {
  readonly metrics: { getMeter(name: string, version: string): Meter };
  /** The meter that ignores what it gets. Since version 1.3 of the package. */
  createNoopMeter?(): Meter;
  readonly context: { active(): Context };
  readonly trace: {
    getTracer(name: string, version: string): Tracer;
    getSpan(context: Context): Span | undefined;
    setSpan(context: Context, span: Span): Context;
    setSpanContext(context: Context, span: SpanContext): Context;
  };
}

/** @returns null if the application has not installed the package */
export async function loadTelemetry(): Promise<TelemetryApi | null> {
  try {
    return (await import('@opentelemetry/api')) as unknown as TelemetryApi;
  } catch {
    return null;
  }
}
