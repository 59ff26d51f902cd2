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
export interface Meter {
  createCounter(name: string, options: InstrumentOptions): Counter;
  createHistogram(
    name: string,
    options: InstrumentOptions & { readonly advice?: { readonly explicitBucketBoundaries: number[] } },
  ): Histogram;
  createObservableGauge(name: string, options: InstrumentOptions): object;
  addBatchObservableCallback(callback: (result: BatchedResult) => Promise<void>, gauges: object[]): void;
  removeBatchObservableCallback(callback: (result: BatchedResult) => Promise<void>, gauges: object[]): void;
}
export interface Span {
  setAttributes(attributes: Attributes): unknown;
  setStatus(status: { readonly code: number; readonly message?: string }): unknown;
  end(): void;
}
interface Tracer {
  startSpan(name: string, options: { readonly attributes: Attributes }): Span;
}

/** The used part of @opentelemetry/api. */
export interface TelemetryApi {
  readonly metrics: { getMeter(name: string, version: string): Meter };
  readonly trace: { getTracer(name: string, version: string): Tracer };
}

/** @returns null if the application has not installed the package */
export async function loadTelemetry(): Promise<TelemetryApi | null> {
  try {
    return await import('@opentelemetry/api');
  } catch {
    return null;
  }
}
