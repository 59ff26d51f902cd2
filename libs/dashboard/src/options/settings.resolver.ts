import { randomBytes } from 'node:crypto';
import { DashboardOptionError, DashboardUnprotectedError } from './dashboard.error.js';
import type { DashboardSettings, ResolvedSettings } from './dashboard.options.js';

const NAMES = ['authorize', 'secret', 'runs', 'actionsPerMinute', 'publicPath', 'path'];
const MIN_SECRET = 32;
const PATH = /^(?:\/?[\w.~-]+)+$/;

/** @throws DashboardOptionError, DashboardUnprotectedError */
export function resolveSettings(given: DashboardSettings): ResolvedSettings {
  refuseUnknown(given);
  const { authorize = null, secret, runs = true, actionsPerMinute = 20, publicPath } = given;
  if (authorize === null && process.env['NODE_ENV'] === 'production') throw new DashboardUnprotectedError();
  if (authorize !== null && typeof authorize !== 'function')
    throw new DashboardOptionError('authorize', 'is not a function', 'Give `(context, action) => role`.');
  refuseShort(secret);
  if (typeof runs !== 'boolean')
    throw new DashboardOptionError('runs', 'is not a boolean', 'Give true or false.');
  if (!Number.isInteger(actionsPerMinute) || actionsPerMinute < 1)
    throw new DashboardOptionError('actionsPerMinute', 'is not a whole number from 1', 'Give e.g. 20.');
  return {
    authorize,
    secret: secret ?? randomBytes(32).toString('base64url'),
    runs,
    actionsPerMinute,
    publicPath: publicPath === undefined ? null : checkedPath('publicPath', publicPath),
  };
}

function refuseShort(secret: unknown): void {
  if (secret === undefined || (typeof secret === 'string' && secret.length >= MIN_SECRET)) return;
  throw new DashboardOptionError(
    'secret',
    `has fewer than ${MIN_SECRET} characters`,
    'Give a random text, e.g. the output of `openssl rand -base64 32`.',
  );
}

function refuseUnknown(given: DashboardSettings): void {
  const unknown = Object.keys(given).find((name) => !NAMES.includes(name));
  if (unknown === undefined) return;
  throw new DashboardOptionError(unknown, 'does not exist', `The options are ${NAMES.join(', ')}.`);
}

/** @returns the path without slashes at its ends @throws DashboardOptionError */
export function resolvePath(path = '/backfills'): string {
  return checkedPath('path', path);
}

function checkedPath(option: string, path: unknown): string {
  if (typeof path !== 'string' || !PATH.test(path))
    throw new DashboardOptionError(
      option,
      `is ${JSON.stringify(path)}`,
      'Give a path of letters, digits and `-._~`, e.g. "/backfills" or "/admin/backfills".',
    );
  return path.replace(/^\/+/, '');
}
