import {
  type DynamicModule,
  type FactoryProvider,
  Inject,
  Module,
  type ModuleMetadata,
  type OnModuleInit,
  type Provider,
} from '@nestjs/common';
import { SteeringGate } from './actions/steering.gate.js';
import { SteeringService } from './actions/steering.service.js';
import { describeForSwagger } from './api/swagger.decorator.js';
import { BackfillApiController } from './controllers/api.controller.js';
import { controllerAt } from './controllers/controller-at.js';
import { DashboardWeb } from './controllers/dashboard.web.js';
import { BackfillLiveController } from './controllers/live.controller.js';
import { BackfillPagesController } from './controllers/pages.controller.js';
import { BackfillRehearsalsController } from './controllers/rehearsals.controller.js';
import {
  DASHBOARD_SETTINGS,
  type DashboardOptions,
  type DashboardSettings,
} from './options/dashboard.options.js';
import { resolvePath, resolveSettings } from './options/settings.resolver.js';
import { BackfillReader } from './reading/backfill.reader.js';
import { LiveFeed } from './reading/live.feed.js';
import { OverviewReader } from './reading/overview.reader.js';
import { PlanReader } from './reading/plan.reader.js';
import { Readers } from './reading/readers.js';
import { Runtime } from './reading/runtime.js';
import { AccessReader } from './security/access.reader.js';
import { ActionCheck } from './security/action.check.js';
import { AuditLog } from './security/audit.log.js';
import { Csrf } from './security/csrf.js';
import { RateLimiter } from './security/rate.limiter.js';

/** The options of `BackfillDashboardModule.forRootAsync`. @publicApi */
export interface DashboardAsyncOptions extends Pick<ModuleMetadata, 'imports'> {
  /** As in `DashboardOptions`. Nest needs it before it calls the factory. @default '/backfills' */
  readonly path?: string;
  /** The providers whose instances the factory gets. @default none */
  readonly inject?: FactoryProvider['inject'];
  /** Returns the other options. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- as in Nest's FactoryProvider
  readonly useFactory: (...args: any[]) => DashboardSettings | Promise<DashboardSettings>;
}

const SWAGGER = Symbol('the description for @nestjs/swagger');

const PROVIDERS: readonly Provider[] = [
  AccessReader,
  ActionCheck,
  AuditLog,
  BackfillReader,
  Csrf,
  DashboardWeb,
  LiveFeed,
  OverviewReader,
  PlanReader,
  RateLimiter,
  Readers,
  Runtime,
  SteeringGate,
  SteeringService,
];

/**
 * The dashboard: pages and a JSON API to see and steer the backfills of the application.
 *
 * @publicApi
 */
@Module({})
export class BackfillDashboardModule implements OnModuleInit {
  readonly #runtime: Runtime;

  constructor(@Inject(Runtime) runtime: Runtime) {
    this.#runtime = runtime;
  }

  /** @throws DashboardOptionError, DashboardUnprotectedError */
  static forRoot({ path, ...settings }: DashboardOptions = {}): DynamicModule {
    const resolved = resolveSettings(settings);
    return create(path, { provide: DASHBOARD_SETTINGS, useValue: resolved });
  }

  /** The start of the application throws DashboardOptionError or DashboardUnprotectedError. */
  static forRootAsync({ path, imports = [], inject = [], useFactory }: DashboardAsyncOptions): DynamicModule {
    const settings: FactoryProvider = {
      provide: DASHBOARD_SETTINGS,
      inject,
      useFactory: async (...args: unknown[]) => resolveSettings(await useFactory(...args)),
    };
    return { ...create(path, settings), imports };
  }

  /** @throws DashboardWithoutBackfillsError */
  onModuleInit(): void {
    void this.#runtime.records;
  }
}

function create(path: string | undefined, settings: Provider): DynamicModule {
  const resolved = resolvePath(path);
  const controllers = [
    controllerAt(resolved, BackfillLiveController),
    controllerAt(`${resolved}/api/v1`, BackfillApiController),
    // Before the pages, whose route of actions takes every name of an action.
    controllerAt(resolved, BackfillRehearsalsController),
    controllerAt(resolved, BackfillPagesController),
  ];
  // As a provider, because an application makes its document after its creation and before its start.
  const swagger: FactoryProvider = {
    provide: SWAGGER,
    useFactory: () => describeForSwagger(controllers).then(() => true),
  };
  return {
    module: BackfillDashboardModule,
    providers: [settings, swagger, ...PROVIDERS],
    controllers,
  };
}
