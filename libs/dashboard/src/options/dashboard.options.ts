import type { ExecutionContext } from '@nestjs/common';

/**
 * What a visitor wants to do. `view` is every page that only reads the ledger; `rows` shows values of rows of the
 * application, before and after their change. @publicApi
 */
export type DashboardAction =
  'view' | 'plan' | 'rows' | 'pause' | 'resume' | 'set' | 'retry' | 'run' | 'cancel';

/**
 * - `viewer` sees everything that the ledger has
 * - `operator` may also plan, see values of rows, pause, resume, set, retry and run
 * - `admin` may also cancel
 *
 * @publicApi
 */
export type DashboardRole = 'viewer' | 'operator' | 'admin';

/** A visitor: the role, and the name that the ledger records. @publicApi */
export interface DashboardVisitor {
  readonly role: DashboardRole;
  /** @default the name, e-mail address or id of `request.user`; otherwise the address of the client */
  readonly actor?: string;
  /**
   * The id of the request, e.g. of the header `x-request-id`. The ledger and the log record it beside the reason of an
   * action, so that the action is found in the logs of the application. At most 100 characters. @default none
   */
  readonly request?: string;
}

/**
 * Decides what a visitor may do. It is called for each request, after the guards of the application. Null refuses the
 * request. An error that it throws refuses the request too.
 *
 * @publicApi
 */
export type DashboardAuthorize = (
  context: ExecutionContext,
  action: DashboardAction,
) => DashboardRole | DashboardVisitor | null | Promise<DashboardRole | DashboardVisitor | null>;

/** The options of `BackfillDashboardModule.forRoot`, without the path. @publicApi */
export interface DashboardSettings {
  /**
   * Decides what a visitor may do. In production (`NODE_ENV=production`) the application does not start without it.
   * @default only requests from this machine to `localhost`, as `admin`
   */
  readonly authorize?: DashboardAuthorize;
  /**
   * Signs the tokens of forms, at least 32 characters. Give all instances behind a load balancer the same one.
   * @default a random one for each process
   */
  readonly secret?: string;
  /** Whether `run` and `retry` may work in this process. @default true */
  readonly runs?: boolean;
  /**
   * The whole path of the dashboard in the browser, e.g. `/ops/jobs`. Only for a proxy that gives its last segment
   * another name; a proxy that adds or removes a prefix needs nothing. @default that of the request
   */
  readonly publicPath?: string;
  /** The number of actions that one visitor may try in a minute. @default 20 */
  readonly actionsPerMinute?: number;
}

/** The options of `BackfillDashboardModule.forRoot`. @publicApi */
export interface DashboardOptions extends DashboardSettings {
  /** The path of the dashboard, after the global prefix of the application. @default '/backfills' */
  readonly path?: string;
}

/** The settings with their defaults. */
export interface ResolvedSettings {
  readonly authorize: DashboardAuthorize | null;
  readonly secret: string;
  readonly runs: boolean;
  readonly actionsPerMinute: number;
  /** Without slashes at its ends; null: that of the request. */
  readonly publicPath: string | null;
}

/** The injection token of the checked `ResolvedSettings`. */
export const DASHBOARD_SETTINGS = Symbol.for('nestjs-backfill-dashboard:settings');
