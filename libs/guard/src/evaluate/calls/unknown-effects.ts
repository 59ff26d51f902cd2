import type { StopReason } from '../machine/event.types.js';
import type { Call } from '../machine/machine.types.js';
import { ORM_WRITES } from '../typeorm/orm-verbs.js';
import { likelyByName } from '../values/driver-names.js';
import { NO_FACTS, factsOf, holdsDatabase } from '../values/facts.js';
import type { Value } from '../values/value.types.js';
import { effectOnContext } from './context-calls.js';
import type { UnknownCallee } from './call.types.js';

/** Objects whose functions print, measure or wait in any project. */
const HARMLESS_RECEIVER =
  /^(?:console|logger|log|chalk|this\.logger|_logger|Logger|winston|colors|ora|spinner|debug|assert|expect)\b/i;

const HARMLESS_NAME =
  /^(?:log|info|warn|error|debug|verbose|trace|print|time|timeEnd|sleep|delay|wait|close|init|enableShutdownHooks|useLogger|flushLogs|disconnect|release|on|once|emit)$/;

const APPLICATION_READS =
  /^(?:get|resolve|select|create|createApplicationContext|createTestingModule|compile|close|init|listen|useLogger|enableShutdownHooks|getHttpServer)$/;

export function isHarmless({ name, expression }: UnknownCallee): boolean {
  return HARMLESS_RECEIVER.test(expression) || (HARMLESS_NAME.test(name) && /log|console/i.test(expression));
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
  if (isHarmless(callee) || isSafeStep(callee) || likelyByName(name) !== undefined) return undefined;
  if (facts.database) return effectOnContext(callee, call);
  if (call.args.some((arg) => holdsDatabase(arg))) return 'helper';
  const receiver = callee.receiver ? factsOf(callee.receiver) : NO_FACTS;
  if (receiver.application)
    return APPLICATION_READS.test(name) || HARMLESS_NAME.test(name) ? undefined : 'application';
  return facts.opaque && mayAct(callee, call) ? 'unknown' : undefined;
}

/** Names of functions that act, also as a part of a longer name: `findOrCreate`, `fetchAndSave`. */
const ACTION =
  /^(?:run|exec|execute|query|up|seed|sync|apply|perform|process|fill)(?![a-z])|(?:insert|update|upsert|delete|save|seed|migrat|populate|truncate|purge|back_?fill|OrCreate|AndSet)/i;

/** Names of functions that read, compute, wait or connect. */
const READ =
  /^(?:get|find|fetch|read|list|load|select|search|lookup|query(?=Selector)|count|exists?|is|has|can|should|hash|compare|parse|format|to|from|as|of|stringify|encode|decode|encrypt|decrypt|sign|verify|resolve|reject|generate|random|sleep|delay|wait|pause|retry|connect|disconnect|open|close|end|destroy|release|init|initialize|config|configure|log|info|warn|error|debug|print|write|check|assert|expect|validate|describe|map|filter|reduce|some|every|forEach|each|sort|reverse|slice|splice|split|join|concat|replace|trim|push|pop|shift|unshift|append|keys|values|entries|then|catch|finally|next|return|throw|bind|call|on|once|off|use|stop|start(?=Timer)|now|clone|toString|create(?!\w*(?:Seed|Record|Row|User|Account|Tenant|Data))|make|build|compile|render|escape|quote|test|match|inspect|pick|omit|merge|chunk|uniq\w*|round|floor|min|max|sum|abs|add(?=Days|Hours|Minutes|Seconds|Months|Years)|subtract|diff|startOf|endOf|utc|unix|setTimeout|fill)(?![a-z])/;

/** Methods of the texts, lists and dates of JavaScript that compute. */
const COMPUTES = new Set(
  `at charAt charCodeAt codePointAt endsWith flat hasOwnProperty includes indexOf lastIndexOf localeCompare normalize
  padEnd padStart repeat startsWith substr substring valueOf`.split(/\s+/),
);

/**
 * Does the call act? A name of a write decides, wherever the call is. Any other call acts too, also if its result
 * is used: a promise can be awaited later. Exceptions are names of functions that read, calls that only run the
 * functions that they receive, which are followed, and values that imported functions compute. A function that a variable
 * or a list holds acts even then: it is a hook or a step.
 */
function mayAct({ name, facts, receiver }: UnknownCallee, { machine, args, site }: Call): boolean {
  if (ORM_WRITES.has(name) || ACTION.test(name)) return true;
  if (READ.test(name) || COMPUTES.has(name)) return false;
  if (facts.module === undefined && isVariable(name, receiver)) return true;
  const runsArguments = args.some(({ kind }) => kind === 'function');
  if (runsArguments) return false;
  return machine.acting.has(site.node) || (receiver !== undefined && !isPackage(facts.module));
}

/** A static property of a class and an item of a list are variables too. */
function isVariable(name: string, receiver: Value | undefined): boolean {
  if (!receiver || receiver.kind === 'class' || /^\d+$/.test(name)) return true;
  return receiver.kind === 'object' && !receiver.isOpen;
}

function isPackage(module: string | undefined): boolean {
  return module !== undefined && !module.startsWith('.');
}
