import { Inject, Injectable } from '@nestjs/common';
import { BackfillRecords } from '../../backfills/records/records.service.js';
import type { BackfillOverview } from '../../report/records.js';

/** What is not as it should be with a backfill. @publicApi */
export type HealthProblem = 'failed' | 'quarantine' | 'paused' | 'waiting' | 'incomplete' | 'unreadable';

/** How a problem counts: `down`, `degraded`, or not at all. @publicApi */
export type HealthSeverity = 'down' | 'degraded' | 'ignore';

/** The severity of each problem. @publicApi */
export type HealthRules = { readonly [Problem in HealthProblem]?: HealthSeverity };

/** What counts as unhealthy. @publicApi */
export interface HealthOptions extends HealthRules {
  /** Rules for single backfills, by name; they replace those for all. @default none */
  readonly backfills?: Readonly<Record<string, HealthRules>>;
  /** Milliseconds after which a wait counts. @default 600_000 */
  readonly waitingAfterMs?: number;
}

/** A result as @nestjs/terminus expects it. @publicApi */
export type HealthResult<Key extends string = string> = Record<
  Key,
  {
    /** `degraded` counts as `up`, so that an orchestrator does not restart or remove the instance. */
    readonly status: 'up' | 'down';
    readonly state: 'up' | 'degraded' | 'down';
    /** One sentence for each problem that counts. */
    readonly reasons: readonly string[];
  }
>;

const DEFAULT_RULES = {
  failed: 'degraded',
  quarantine: 'degraded',
  paused: 'degraded',
  waiting: 'degraded',
  incomplete: 'ignore',
  unreadable: 'down',
} as const satisfies Required<HealthRules>;
const WAITING_AFTER_MS = 600_000;

/**
 * A health indicator for @nestjs/terminus, or for any other check. Use it for readiness and alerts, never for liveness:
 * a restart does not help a backfill.
 *
 * @publicApi
 * @example
 * ‍@Get('health')
 * ‍@HealthCheck()
 * check() {
 *   return this.health.check([() => this.backfills.check('backfills', { failed: 'down' })]);
 * }
 */
@Injectable()
export class BackfillHealthIndicator {
  readonly #records: BackfillRecords;

  constructor(@Inject(BackfillRecords) records: BackfillRecords) {
    this.#records = records;
  }

  /** Reads the ledgers. Never throws. */
  async check<Key extends string>(key: Key, options: HealthOptions = {}): Promise<HealthResult<Key>> {
    const found = await this.#problems(options).catch((error: unknown) => [
      { problem: 'unreadable' as const, name: null, reason: String(error) },
    ]);
    const counted = found
      .map(({ problem, name, reason }) => ({ severity: severityOf(problem, name, options), reason }))
      .filter(({ severity }) => severity !== 'ignore');
    const isDown = counted.some(({ severity }) => severity === 'down');
    const result: HealthResult[string] = {
      status: isDown ? 'down' : 'up',
      state: isDown ? 'down' : counted.length > 0 ? 'degraded' : 'up',
      reasons: counted.map(({ reason }) => reason),
    };
    const results: HealthResult = { [key]: result };
    return results;
  }

  async #problems({ waitingAfterMs = WAITING_AFTER_MS }: HealthOptions): Promise<readonly Found[]> {
    const { backfills, unreadable } = await this.#records.overview();
    return [
      ...unreadable.map(({ dataSource, error }) => ({
        problem: 'unreadable' as const,
        name: null,
        reason: `The ledger of "${dataSource}" cannot be read: ${firstLine(error)}`,
      })),
      ...backfills.flatMap((backfill) => problemsOf(backfill, waitingAfterMs)),
    ];
  }
}

interface Found {
  readonly problem: HealthProblem;
  /** The backfill; null if it is about all. */
  readonly name: string | null;
  readonly reason: string;
}

function problemsOf(backfill: BackfillOverview, waitingAfterMs: number): readonly Found[] {
  const { name, status, reason, quarantined, waitingFor, waitingSince } = backfill;
  const found = (problem: HealthProblem, text: string): Found => ({
    problem,
    name,
    reason: `${name}: ${text}`,
  });
  const waitedMs = waitingSince === null ? 0 : Date.now() - Date.parse(waitingSince);
  return [
    ...(status === 'failed' || status === 'paused' || status === 'incomplete'
      ? [found(status, `${status}. ${firstLine(reason)}`)]
      : []),
    ...(quarantined > 0 ? [found('quarantine', `${quarantined} rows are in quarantine.`)] : []),
    ...(waitingFor !== null && waitedMs >= waitingAfterMs
      ? [found('waiting', `it waits for ${waitingFor} since ${waitingSince}.`)]
      : []),
  ];
}

function severityOf(problem: HealthProblem, name: string | null, options: HealthOptions): HealthSeverity {
  const own = name === null ? undefined : options.backfills?.[name]?.[problem];
  return own ?? options[problem] ?? DEFAULT_RULES[problem];
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? '';
}
