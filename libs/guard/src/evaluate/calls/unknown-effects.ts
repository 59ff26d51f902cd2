import type { StopReason } from '../machine/event.types.js';
import type { Call } from '../machine/machine.types.js';
import { likelyByName } from '../values/driver-names.js';
import { NO_FACTS, factsOf, holdsDatabase } from '../values/facts.js';
import type { Value } from '../values/value.types.js';
import { effectOnContext } from './context-calls.js';
import { ITERATES, isActionName, isReadName, isWriteName } from './call-names.js';
import type { UnknownCallee } from './call.types.js';

/** Objects whose functions print in any project; only together with the name of such a function. */
const LOGGER = /^(?:console|log|debug|winston|\w*logger)$/i;

const LOGS = /^(?:log|info|warn|error|debug|verbose|trace|fatal|print|time|timeEnd|group|groupEnd|table)$/;

const APPLICATION_READS =
  /^(?:get|resolve|select|create|createApplicationContext|createTestingModule|compile|close|init|listen|useLogger|flushLogs|enableShutdownHooks|getHttpServer|on|once|emit|log|info|warn|error|debug)$/;

/** `logger.warn(…)`, `console.log(…)`, `log(…)`: it prints. `logger.query(…)` does not. */
export function isHarmless({ name, expression }: UnknownCallee): boolean {
  const [, owner = ''] = /([\w$]+)\W+[\w$]+$/.exec(expression) ?? [];
  return owner === '' ? LOGGER.test(name) : LOGGER.test(owner) && LOGS.test(name);
}

/** The safe steps of nestjs-backfill change the schema only, without a dangerous lock. */
const SAFE_STEPS = new Set([
  'setNotNull',
  'addForeignKey',
  'addCheck',
  'addUnique',
  'addPrimaryKey',
  'attachPartition',
  'changeType',
  'dropColumn',
  'renameColumn',
  'renameTable',
  'dropIndex',
  'addEnumValue',
  'retireColumn',
  'finishRenameColumn',
  'finishRenameTable',
]);

function isSafeStep({ name, facts }: UnknownCallee): boolean {
  return SAFE_STEPS.has(name) && /^nestjs-backfill(?:\/|$)/.test(facts.module ?? '');
}

/**
 * Whether a call of code that cannot be read may change rows, and why. This is the only place that decides it:
 * a value of which nothing is known may be a connection, a repository or code that opens its own connection.
 */
export function effectOfUnknown(callee: UnknownCallee, call: Call): StopReason | undefined {
  const { name, facts } = callee;
  if (isHarmless(callee) || isSafeStep(callee) || isDriverTest(name, call)) return undefined;
  if (facts.database) return effectOnContext(callee, call);
  if (call.args.some((arg) => holdsDatabase(arg))) return 'helper';
  const receiver = callee.receiver ? factsOf(callee.receiver) : NO_FACTS;
  if (receiver.application) return APPLICATION_READS.test(name) ? undefined : 'application';
  return facts.opaque && mayAct(callee, call) ? 'unknown' : undefined;
}

/** `if (isPostgres(queryRunner))` */
function isDriverTest(name: string, { machine, site }: Call): boolean {
  return likelyByName(name) !== undefined && !machine.acting.has(site.node);
}

/**
 * Does the call act? A name of a write decides, wherever the call is. Otherwise, a call acts if nobody uses its
 * result. In a package, a name can say that it only reads; code of the project that cannot be read acts by any
 * name.
 *
 * A result that is used may still be a promise that is awaited later. So a call of a method acts then too,
 * unless its name says that it reads or computes, or it only runs the functions that it receives, which are
 * followed. A function that a variable or a list holds acts as well: it is a hook or a step.
 */
function mayAct(callee: UnknownCallee, { machine, args, site }: Call): boolean {
  const { name, facts, receiver } = callee;
  if (isWriteName(name)) return true;
  const use = machine.acting.get(site.node);
  const isProject = facts.package !== true;
  const runsArguments = args.some(({ kind }) => kind === 'function');
  if (runsArguments && (!isProject || ITERATES.has(name))) return false;
  if (isProject && use === 'unused') return true;
  if (isReadName(name)) return false;
  if (facts.module === undefined && isVariable(name, receiver)) return true;
  if (runsArguments) return false;
  return use !== undefined || (isProject && (receiver !== undefined || isActionName(name)));
}

/** A static property of a class and an item of a list are variables too. */
function isVariable(name: string, receiver: Value | undefined): boolean {
  if (!receiver || receiver.kind === 'class' || /^\d+$/.test(name)) return true;
  return receiver.kind === 'object' && !receiver.isOpen;
}
