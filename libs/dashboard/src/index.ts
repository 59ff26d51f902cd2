export { BackfillDashboardModule, type DashboardAsyncOptions } from './dashboard.module.js';
export {
  DashboardOptionError,
  DashboardUnprotectedError,
  DashboardWithoutBackfillsError,
} from './options/dashboard.error.js';
export type {
  DashboardAction,
  DashboardAuthorize,
  DashboardOptions,
  DashboardRole,
  DashboardSettings,
  DashboardVisitor,
} from './options/dashboard.options.js';
