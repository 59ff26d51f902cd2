import { lazyInstance } from '../classes/instances.js';
import type { Call } from '../machine/machine.types.js';
import { database, object, unknown } from '../values/value.js';
import type { DatabaseRole, Value } from '../values/value.types.js';

/** Functions of NestJS that start an application. Its start-up hooks may do anything. */
const STARTS = /\.(?:create\w*|compile|run\w*)$/;

/** Calls of NestJS and of an application that it started; nothing for any other function. */
export function applicationNative(name: string, { machine, args, site }: Call): Value | undefined {
  if (name === 'application.get') return provider(args[0], site.callee);
  if (!name.startsWith('nest.')) return undefined;
  if (!STARTS.test(name)) return unknown(`${site.callee}()`, { application: true });
  machine.emit({ kind: 'undecided', reason: 'application', expression: site.callee }, site);
  const get = { kind: 'native', name: 'application.get' } as const;
  return object(
    [
      ['get', get],
      ['resolve', get],
    ],
    { isOpen: true },
  );
}

const ROLE_OF_TOKEN: ReadonlyMap<string, DatabaseRole> = new Map([
  ['typeorm.DataSource', 'source'],
  ['typeorm.Connection', 'source'],
  ['typeorm.EntityManager', 'manager'],
]);

/** The handle that a container returns for a class of TypeORM. */
export function handleOfToken(token: Value | undefined): Value | undefined {
  const role = token?.kind === 'native' ? ROLE_OF_TOKEN.get(token.name) : undefined;
  return role && database(role);
}

/** `app.get(UsersService)`: the service itself when its class can be read. */
function provider(token: Value | undefined, callee: string): Value {
  const handle = handleOfToken(token);
  if (handle) return handle;
  if (token?.kind === 'class') return lazyInstance(token);
  const name = token?.kind === 'unknown' ? token.expression : callee;
  return unknown(name, { application: true });
}
