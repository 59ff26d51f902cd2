import { BackfillError } from 'nestjs-backfill';

/** An option of `BackfillDashboardModule` has an invalid value. @publicApi */
export class DashboardOptionError extends BackfillError {
  constructor(option: string, problem: string, remedy: string) {
    super(`BackfillDashboardModule: the option \`${option}\` ${problem}.`, { subject: option, remedy });
  }
}

/** In production, the dashboard has no `authorize`: anybody could steer the backfills. @publicApi */
export class DashboardUnprotectedError extends BackfillError {
  constructor() {
    super('BackfillDashboardModule has no `authorize`, and NODE_ENV is "production".', {
      subject: 'authorize',
      remedy:
        "Decide who may do what: BackfillDashboardModule.forRoot({ authorize: (context) => (context.switchToHttp().getRequest().user?.isAdmin ? 'admin' : null) })",
    });
  }
}

/** The application does not import `BackfillModule`. @publicApi */
export class DashboardWithoutBackfillsError extends BackfillError {
  constructor(cause: unknown) {
    super('BackfillDashboardModule finds no BackfillModule in the application.', {
      subject: 'BackfillModule',
      remedy:
        'Import BackfillModule.forRoot() in the root module, from the same installed version of nestjs-backfill.',
      cause,
    });
  }
}
