import { context, trace, type Attributes, type Context, type SpanContext } from '@opentelemetry/api';

/** A span that a test recorded. */
export interface RecordedSpan {
  readonly name: string;
  readonly attributes: Attributes;
  readonly id: SpanContext;
  /** The span that it belongs to. */
  readonly parent: SpanContext | undefined;
  readonly links: SpanContext[];
  status: { readonly code: number; readonly message?: string } | undefined;
  ended: boolean;
}

let spansMade = 0;

/** Records every span of the process, as an SDK of OpenTelemetry would. A span that has ended takes no change. */
export class RecordedSpans {
  readonly spans: RecordedSpan[] = [];

  install(): void {
    const tracer = { startSpan: this.#start.bind(this) };
    trace.setGlobalTracerProvider({ getTracer: () => tracer as never });
  }

  uninstall(): void {
    trace.disable();
  }

  named(name: string): RecordedSpan[] {
    return this.spans.filter((span) => span.name === name);
  }

  /** The names of the span and of those above it. */
  pathOf(span: RecordedSpan): string[] {
    const above = this.spans.find(({ id }) => id.spanId === span.parent?.spanId);
    return [span.name, ...(above ? this.pathOf(above) : [])];
  }

  #start(
    name: string,
    options: { readonly attributes: Attributes },
    parentContext: Context = context.active(),
  ) {
    const parent = trace.getSpanContext(parentContext);
    const number = String(++spansMade);
    const id = {
      traceId: parent?.traceId ?? number.padStart(32, 'a'),
      spanId: number.padStart(16, 'b'),
      traceFlags: 1,
    };
    const attributes = { ...options.attributes };
    const span: RecordedSpan = { name, attributes, id, parent, links: [], status: undefined, ended: false };
    this.spans.push(span);
    const unlessEnded = (change: () => void) => {
      if (!span.ended) change();
    };
    return {
      spanContext: () => id,
      setAttributes: (more: Attributes) => unlessEnded(() => Object.assign(attributes, more)),
      setStatus: (status: RecordedSpan['status']) => unlessEnded(() => (span.status = status)),
      addLink: (link: { readonly context: SpanContext }) => unlessEnded(() => span.links.push(link.context)),
      end: () => (span.ended = true),
    };
  }
}
