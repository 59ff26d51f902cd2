import type { Call } from '../machine/machine.types.js';
import { readSqlFile } from '../natives/sql-files.js';
import { NO_FACTS, factsOf, factsOfAll, holdsDatabase, mergeFacts } from '../values/facts.js';
import { knownText } from '../values/text-value.js';
import { unknown } from '../values/value.js';
import type { Facts, Value } from '../values/value.types.js';
import type { UnknownCallee } from './call.types.js';
import { callCallbacks } from './callbacks.js';
import { callOnContext } from './context-calls.js';
import { isOutsidePackage } from './outside-calls.js';
import { sqlTextsIn } from './sql-texts.js';

/** Objects whose functions print, measure or wait in any project. */
const HARMLESS_RECEIVER =
  /^(?:console|logger|log|chalk|this\.logger|_logger|Logger|winston|colors|ora|spinner|debug|assert|expect)\b/i;

const HARMLESS_NAME =
  /^(?:log|info|warn|error|debug|verbose|trace|print|time|timeEnd|sleep|delay|wait|close|init|enableShutdownHooks|useLogger|flushLogs|disconnect|release|on|once|emit)$/;

const APPLICATION_READS =
  /^(?:get|resolve|select|create|createApplicationContext|createTestingModule|compile|close|init|listen|useLogger|enableShutdownHooks|getHttpServer)$/;

/** A call of a function whose code cannot be read. */
export function callUnknown(callee: UnknownCallee, call: Call): Value {
  const { machine, args, site } = call;
  const { name, expression, facts } = callee;
  const file = sqlFileOf(name, call);
  if (file) return file;
  if (isOutsidePackage(facts.module, name, args))
    machine.emit({ kind: 'undecided', reason: 'outside', expression }, site);
  const receiver = callee.receiver ? factsOf(callee.receiver) : NO_FACTS;
  const given = factsOfAll(args);
  const result = unknown(expression, resultFacts(facts, receiver, given));
  const sendsSql = !isHarmless(callee) && sendTexts(callee, call);
  openContainers(args);
  callCallbacks({ name, facts: mergeFacts(receiver, given), sendsSql }, call);
  if (sendsSql) return unknown(expression, { ...result.facts, rows: true });
  if (!isHarmless(callee)) reportUndecided(callee, receiver, call);
  return result;
}

/** `SqlReader.readSqlFile(path)` of a package reads the file that it receives. */
function sqlFileOf(name: string, { args: [path], site }: Call): Value | undefined {
  const isReader = /read|load|file|sql|import/i.test(name);
  return isReader && knownText(path)?.endsWith('.sql') ? readSqlFile(path, site.context) : undefined;
}

function reportUndecided(callee: UnknownCallee, receiver: Facts, call: Call): void {
  const { machine, args, site } = call;
  const { name, expression, facts } = callee;
  if (facts.database) {
    callOnContext(callee, call);
  } else if (args.some((arg) => holdsDatabase(arg)) || isMissingAction(callee, call)) {
    machine.emit({ kind: 'undecided', reason: 'helper', expression }, site);
  } else if (receiver.application && !APPLICATION_READS.test(name) && !HARMLESS_NAME.test(name)) {
    machine.emit({ kind: 'undecided', reason: 'application', expression }, site);
  }
}

/**
 * Is it an awaited function of a missing file of the project, or a function of a package with a name such as
 * `seed`? It may open its own connection to the database.
 */
function isMissingAction({ name, facts, receiver }: UnknownCallee, { machine, site }: Call): boolean {
  const { module } = receiver ? factsOf(receiver) : facts;
  if (module === undefined || !machine.awaited.has(site.node)) return false;
  return /^\.{0,2}\//.test(module) || (!receiver && /^(?:seed|back_?fill|populate|migrate)/i.test(name));
}

/** Unknown code may change what it receives: add properties to an object, or items to an empty list. */
function openContainers(args: readonly Value[]): void {
  for (const arg of args)
    if ((arg.kind === 'array' && arg.items.length === 0) || (arg.kind === 'object' && !arg.class))
      arg.isOpen = true;
}

function resultFacts(own: Facts, receiver: Facts, given: Facts): Facts {
  const facts = mergeFacts(own, receiver);
  return given.rows && !facts.rows ? { ...facts, rows: true } : facts;
}

function isHarmless({ name, expression }: UnknownCallee): boolean {
  return HARMLESS_RECEIVER.test(expression) || (HARMLESS_NAME.test(name) && /log|console/i.test(expression));
}

/** Functions that receive texts but do not send them. */
const TEXT_FUNCTION =
  /^(?:Error|\w+Error|\w+Exception|format|dedent|trim|md5|createHash|hash|split|from|structuredClone)$/;

/** Texts that look like SQL are assumed to be sent. @returns whether there are any */
function sendTexts({ name, facts }: UnknownCallee, { machine, args, site }: Call): boolean {
  const texts = TEXT_FUNCTION.test(name) ? [] : sqlTextsIn(args);
  for (const text of texts)
    machine.emit(facts.database ? { kind: 'sql', text } : { kind: 'sql', text, guessed: true }, site);
  return texts.length > 0;
}
