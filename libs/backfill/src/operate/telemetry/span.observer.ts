import type { BackfillObserver, BackfillProgress } from '../../report/observer.js';
import type { MigrationEvent, PhaseObserver } from '../../report/observers/phase-observers.registry.js';
import type { BackfillReport } from '../../report/report.js';
import type { SpanTree } from './span.tree.js';
import type { Span } from './telemetry.loader.js';

type EventOf<Method extends keyof BackfillObserver> = Parameters<NonNullable<BackfillObserver[Method]>>[0];

const DEPLOY = 'deploy';
/** Of the batches of a range, the first and each of this number has a span, and each slow one. */
const SAMPLED_EVERY = 100;
const SLOW_BATCH_MS = 1_000;

/** Links the span of a run to the one before. Never throws. */
export type LinkRuns = (name: string, span: Span) => Promise<void>;

/** Spans of deployments, phases, runs, ranges and batches of this process, each below the one before. */
export class SpanObserver implements BackfillObserver, PhaseObserver {
  readonly #tree: SpanTree;
  readonly #link: LinkRuns;
  /** Batches of each open range. */
  readonly #batches = new Map<string, number>();
  /** The runs whose spans are open, until they are linked. */
  readonly #linking = new Map<string, Promise<void>>();
  readonly #ending = new Set<Promise<void>>();

  constructor(tree: SpanTree, link: LinkRuns) {
    this.#tree = tree;
    this.#link = link;
  }

  deployStarted(): void {
    this.#tree.start(DEPLOY, { parents: [], name: 'deploy', attributes: {} });
  }

  deployEnded(outcome: string): void {
    this.#tree.end(DEPLOY, { attributes: { 'deploy.outcome': outcome }, error: errorOf(outcome) });
  }

  phaseStarted({ phase, run }: { readonly phase: string; readonly run: string }): void {
    const attributes = { 'deploy.phase': phase };
    this.#tree.start(`phase ${run}`, { parents: [DEPLOY], name: `phase ${phase}`, attributes });
  }

  phaseEnded({ run, outcome }: { readonly run: string; readonly outcome: string }): void {
    this.#tree.end(`phase ${run}`, { attributes: { 'deploy.outcome': outcome }, error: errorOf(outcome) });
  }

  migrated({ run, name, dataSource, outcome, durationMs }: MigrationEvent): void {
    const attributes = {
      'migration.name': name,
      'migration.data_source': dataSource,
      'migration.outcome': outcome,
    };
    this.#tree.add({ parents: [`phase ${run}`], name: `migration ${name}`, attributes }, durationMs);
  }

  started({ name, run = '', version, reason }: EventOf<'started'>): void {
    const key = runKey({ name, run });
    // A run by tenants, or in turns, starts once for each of its parts.
    if (this.#tree.isOpen(key)) return;
    const attributes = {
      'backfill.name': name,
      'backfill.version': version,
      'backfill.run': run,
      'backfill.reason': reason,
    };
    const span = this.#tree.start(key, { parents: [`phase ${run}`], name: `backfill ${name}`, attributes });
    this.#linking.set(key, this.#link(name, span));
  }

  ranged({ name, run = '', range, purpose, state, outcome }: EventOf<'ranged'>): void {
    const key = rangeKey({ name, run, range });
    const attributes = {
      'backfill.name': name,
      'backfill.range': range,
      'backfill.range.purpose': purpose,
    };
    if (state === 'taken') {
      this.#batches.set(key, 0);
      const parents = [runKey({ name, run }), `phase ${run}`];
      this.#tree.start(key, { parents, name: 'range', attributes });
      return;
    }
    const batches = this.#batches.get(key) ?? 0;
    this.#batches.delete(key);
    this.#tree.end(key, {
      attributes: { 'backfill.range.outcome': outcome ?? '', 'backfill.batches': batches },
    });
  }

  progressed({ name, run = '', range = '', batches, batchMs = 0 }: BackfillProgress): void {
    const key = rangeKey({ name, run, range });
    const before = this.#batches.get(key) ?? 0;
    this.#batches.set(key, before + 1);
    if (before % SAMPLED_EVERY !== 0 && batchMs < SLOW_BATCH_MS) return;
    const attributes = { 'backfill.name': name, 'backfill.range': range, 'backfill.batch': batches };
    this.#tree.add({ parents: [key, runKey({ name, run })], name: 'batch', attributes }, batchMs);
  }

  finished({ name, run = '', status, reason, updated, batches }: BackfillReport): void {
    const attributes = { 'backfill.status': status, 'backfill.rows': updated, 'backfill.batches': batches };
    const key = runKey({ name, run });
    const end = { attributes, error: status === 'failed' ? reason : null, endedAt: Date.now() };
    // A span that has ended takes no link.
    const ending = (this.#linking.get(key) ?? Promise.resolve()).then(() => {
      this.#linking.delete(key);
      this.#tree.end(key, end);
      this.#ending.delete(ending);
    });
    this.#ending.add(ending);
  }

  /** Waits until the spans of the runs have ended. */
  async flush(): Promise<void> {
    await Promise.all(this.#ending);
  }
}

function errorOf(outcome: string): string | null {
  return outcome === 'failed' || outcome === 'error' ? outcome : null;
}

function runKey({ name, run }: { readonly name: string; readonly run: string }): string {
  return `run ${run} ${name}`;
}

function rangeKey({
  name,
  run,
  range,
}: {
  readonly name: string;
  readonly run: string;
  readonly range: string;
}): string {
  return `range ${run} ${name} ${range}`;
}
