import type { DashboardAction, DashboardRole } from '../options/dashboard.options.js';

/** Whoever sends a request, and the role; null: refused. */
export interface Access {
  readonly role: DashboardRole | null;
  readonly actor: string;
  /** The id of the request, on one line; null: `authorize` gives none. */
  readonly request: string | null;
  /** Why there is no role, as a sentence; null if `authorize` has refused it. */
  readonly reason: string | null;
}

const RANKS = { viewer: 0, operator: 1, admin: 2 } as const satisfies Record<DashboardRole, number>;

/** The role that each action needs at least. */
const NEEDED = {
  view: 'viewer',
  plan: 'operator',
  rows: 'operator',
  pause: 'operator',
  resume: 'operator',
  set: 'operator',
  retry: 'operator',
  run: 'operator',
  cancel: 'admin',
} as const satisfies Record<DashboardAction, DashboardRole>;

export function isRole(value: unknown): value is DashboardRole {
  return typeof value === 'string' && Object.hasOwn(RANKS, value);
}

export function neededRole(action: DashboardAction): DashboardRole {
  return NEEDED[action];
}

export function mayDo({ role }: Pick<Access, 'role'>, action: DashboardAction): boolean {
  return role !== null && RANKS[role] >= RANKS[NEEDED[action]];
}
