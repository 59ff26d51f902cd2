import type { Call } from '../machine/machine.types.js';
import { handleOfToken } from '../natives/application-natives.js';
import { readSqlFile } from '../natives/sql-files.js';
import { NO_FACTS, OPAQUE, factsOf, factsOfAll, mergeFacts } from '../values/facts.js';
import { knownText } from '../values/text-value.js';
import { unknown } from '../values/value.js';
import type { Facts, Value } from '../values/value.types.js';
import type { UnknownCallee } from './call.types.js';
import { callCallbacks } from './callbacks.js';
import { isOutsidePackage } from './outside-calls.js';
import { sqlTextsIn } from './sql-texts.js';
import { effectOfUnknown, isHarmless } from './unknown-effects.js';

/** A call of a function whose code cannot be read. */
export function callUnknown(callee: UnknownCallee, call: Call): Value {
  const { machine, args, site } = call;
  const { name, expression, facts } = callee;
  const known = sqlFileOf(name, call) ?? dataSourceOf(name, call);
  if (known) return known;
  if (isOutsidePackage(facts.module, name, args))
    machine.emit({ kind: 'undecided', reason: 'outside', expression }, site);
  const receiver = callee.receiver ? factsOf(callee.receiver) : NO_FACTS;
  const given = factsOfAll(args.filter(({ kind }) => kind !== 'function'));
  const result = unknown(`${expression}()`, resultFacts(callee, receiver, given));
  const sendsSql = !isHarmless(callee) && sendTexts(callee, call);
  openContainers(args);
  const passed = facts.opaque ? { ...mergeFacts(receiver, given), ...OPAQUE } : mergeFacts(receiver, given);
  callCallbacks({ name, facts: passed, sendsSql }, call);
  if (sendsSql) return { ...result, facts: { ...result.facts, rows: true } };
  const reason = effectOfUnknown(callee, call);
  if (reason) machine.emit({ kind: 'undecided', reason, expression }, site);
  return result;
}

/** `SqlReader.readSqlFile(path)` of a package reads the file that it receives. */
function sqlFileOf(name: string, { machine, args: [path], site }: Call): Value | undefined {
  const isReader = /read|load|file|sql|import/i.test(name);
  return isReader && knownText(path)?.endsWith('.sql')
    ? readSqlFile(path, site.context, machine.loader.files)
    : undefined;
}

/** `app.get(DataSource)` of an application that was not followed. */
function dataSourceOf(name: string, { args: [token] }: Call): Value | undefined {
  return /^(?:get|resolve)$/.test(name) ? handleOfToken(token) : undefined;
}

/** Unknown code may change what it receives: add properties to an object, or items to an empty list. */
function openContainers(args: readonly Value[]): void {
  for (const arg of args)
    if ((arg.kind === 'array' && arg.items.length === 0) || (arg.kind === 'object' && !arg.class))
      arg.isOpen = true;
}

/** Functions of JavaScript that return what they receive, or a part of it. */
const PASSES_ON = /^(?:Object|Reflect|Array|Promise|Iterator|structuredClone)\b/;

function resultFacts({ facts: own, expression }: UnknownCallee, receiver: Facts, given: Facts): Facts {
  const facts = mergeFacts(own, receiver);
  if (PASSES_ON.test(expression)) return mergeFacts(facts, given);
  return given.rows && !facts.rows ? { ...facts, rows: true } : facts;
}

/** Functions that receive texts but do not send them. */
const TEXT_FUNCTION =
  /^(?:Error|\w+Error|\w+Exception|format|dedent|trim|md5|createHash|hash|split|from|structuredClone)$/;

const SENDS_SQL = /^(?:query|execute|exec|raw|sql|unsafe)$|(?:query|sql|statement)s?$/i;

/** Texts that look like SQL are assumed to be sent. @returns whether there are any */
function sendTexts({ name, facts }: UnknownCallee, { machine, args, site }: Call): boolean {
  const texts = TEXT_FUNCTION.test(name) ? [] : sqlTextsIn(args);
  const isSent = facts.database || (facts.opaque && SENDS_SQL.test(name));
  for (const text of texts)
    machine.emit(isSent ? { kind: 'sql', text } : { kind: 'sql', text, guessed: true }, site);
  return texts.length > 0;
}
