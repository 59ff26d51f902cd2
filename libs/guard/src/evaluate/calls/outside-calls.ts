import { knownText } from '../values/text-value.js';
import { isUndefined } from '../values/value.js';
import type { Value } from '../values/value.types.js';

/** Functions of the platform that start programs or threads, run text as code or open sockets. */
const PLATFORM =
  /^(?:child_process\.|cluster\.fork$|worker_threads\.Worker$|vm\.(?:run|compile)|(?:globalThis\.|window\.)?(?:eval|Function)$|(?:net|tls)\.(?:connect|createConnection)$|https?\.request$|Bun\.spawn)/;

/** Packages that start programs, psql among them. */
const PROGRAMS =
  /^(?:execa|zx|shelljs|cross-spawn|tinyexec|nano-spawn|child-process-promise|node-pty|dockerode)(?:\/|$)/;

/** Packages that send requests. */
const REQUESTS =
  /^(?:axios|axios-retry|got|ky|node-fetch|cross-fetch|isomorphic-fetch|undici|superagent|needle|phin|bent|request|request-promise(?:-native)?|graphql-request|@nestjs\/axios)$/;

/** Methods of such packages that may change something on the server. The server may be this application. */
const SENDS = /^(?:post|put|patch|del|delete|request|send|mutate|query)$/i;

const READS = /^(?:get|head|options)$/i;

/**
 * Does a function of the platform run code outside the migration, or can it make another service change rows?
 */
export function isOutsideNative(name: string, args: readonly Value[]): boolean {
  if (/^(?:globalThis\.|window\.)?fetch$/.test(name)) return sends(args[1]);
  return PLATFORM.test(name);
}

/** The same for a function of a package. @param name the function's name without its receiver */
export function isOutsidePackage(module: string | undefined, name: string, args: readonly Value[]): boolean {
  if (module === undefined) return false;
  if (PROGRAMS.test(module)) return true;
  return REQUESTS.test(module) && (SENDS.test(name) || args.slice(0, 2).some(hasMethod));
}

/** A request is a GET unless its options have another method. */
function sends(options: Value | undefined): boolean {
  if (!options || isUndefined(options)) return false;
  return options.kind !== 'object' || options.isOpen || hasMethod(options);
}

function hasMethod(options: Value): boolean {
  if (options.kind !== 'object') return false;
  const method = options.properties.get('method');
  if (!method) return false;
  const known = knownText(method);
  return known === undefined || !READS.test(known);
}
