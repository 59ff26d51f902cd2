import type { INestApplicationContext } from '@nestjs/common';
import { BackfillError } from '../errors/backfill.error.js';
import type { OneShotArguments } from './arguments/arguments.parser.js';
import type { DeployPlan, OneShotPlan, OneShotStatus } from '../deploy/deploy.report.js';
import type { Phase } from '../deploy/phases.js';
import { engineOf, indexesOf, migrationsOf } from '../deploy/engine.js';

/** What was found without changing anything. */
export type Found =
  | { readonly action: 'plan'; readonly report: OneShotPlan }
  | { readonly action: 'status'; readonly report: OneShotStatus };

type Asked = Pick<OneShotArguments, 'action' | 'phases' | 'names' | 'tenants'>;

/** Where each phase stands, or what it would do. @throws BackfillError */
export async function look(app: INestApplicationContext, module: string, asked: Asked): Promise<Found> {
  return asked.action === 'plan'
    ? { action: 'plan', report: await plan(app, module, asked) }
    : { action: 'status', report: await status(app, module, asked) };
}

async function status(
  app: INestApplicationContext,
  module: string,
  { phases, names }: Asked,
): Promise<OneShotStatus> {
  const backfills = () => engineOf(app, module).status(names.length > 0 ? { names } : {});
  return inPhases(app, module, phases, backfills, backfills);
}

async function plan(
  app: INestApplicationContext,
  module: string,
  { phases, names, tenants }: Asked,
): Promise<OneShotPlan> {
  const chosen = { ...(names.length > 0 ? { names } : {}), ...(tenants.length > 0 ? { tenants } : {}) };
  const backfills = () => engineOf(app, module).plan(chosen);
  return inPhases(app, module, phases, backfills, () => unlessTooEarly(backfills));
}

/** Migrations and indexes are looked at in one way. @param besideOthers instead of `alone`, where other phases are asked for too */
async function inPhases<Alone, BesideOthers>(
  app: INestApplicationContext,
  module: string,
  phases: readonly Phase[],
  alone: () => Promise<Alone>,
  besideOthers: () => Promise<BesideOthers>,
) {
  const migrations = () => migrationsOf(app, module).status();
  const indexes = () => indexesOf(app, module).status();
  if (phases.length === 1) return { migrate: migrations, indexes, backfill: alone }[phases[0] as Phase]();
  return {
    phase: 'deploy' as const,
    ...(phases.includes('migrate') ? { migrate: await migrations() } : {}),
    ...(phases.includes('indexes') ? { indexes: await indexes() } : {}),
    ...(phases.includes('backfill') ? { backfill: await besideOthers() } : {}),
  };
}

/** A backfill of a column that a pending migration adds cannot be planned before that has run. */
async function unlessTooEarly(
  backfills: () => Promise<NonNullable<DeployPlan['backfill']>>,
): Promise<NonNullable<DeployPlan['backfill']>> {
  try {
    return await backfills();
  } catch (error) {
    if (!(error instanceof BackfillError)) throw error;
    return { phase: 'backfill', plan: [], reason: error.message };
  }
}
