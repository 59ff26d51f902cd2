import type { SpanContext } from './telemetry.loader.js';

const FORMAT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;
const NONE = /^0+$/;

/** A span in the format of W3C Trace Context, as the environment variable TRACEPARENT has it. */
export function toTraceParent({ traceId, spanId, traceFlags }: SpanContext): string | null {
  // Without an SDK, the ids are zero.
  if (NONE.test(traceId) || NONE.test(spanId)) return null;
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
}

/** @returns null for a text in another format */
export function fromTraceParent(text: string | null | undefined): SpanContext | null {
  const [, traceId = '', spanId = '', flags = ''] = FORMAT.exec(text ?? '') ?? [];
  if (traceId === '' || NONE.test(traceId) || NONE.test(spanId)) return null;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
}
