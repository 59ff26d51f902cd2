import { readSqlFileOf } from '../natives/file-natives.js';
import type { CallSite, Machine } from '../machine/machine.types.js';
import { isOutsidePackage } from './outside-calls.js';
import { isChunk, knownText } from '../values/text-value.js';
import {
  type Facts,
  type ObjectValue,
  type TextValue,
  type Value,
  NO_FACTS,
  factsOf,
  mergeFacts,
  optionsOf,
  unknown,
} from '../values/value.js';

export interface UnknownCallee {
  /** The function's own name, the last word of the expression. */
  readonly name: string;
  readonly expression: string;
  readonly receiver?: Value;
  readonly facts: Facts;
}

/** Functions that print, measure or wait, whoever defines them. */
const HARMLESS_RECEIVER =
  /^(?:console|logger|log|chalk|this\.logger|_logger|Logger|winston|colors|ora|spinner|debug|assert|expect)\b/i;

const HARMLESS_NAME =
  /^(?:log|info|warn|error|debug|verbose|trace|print|time|timeEnd|sleep|delay|wait|close|init|enableShutdownHooks|useLogger|flushLogs|disconnect|release|on|once|emit)$/;

const APPLICATION_READS =
  /^(?:get|resolve|select|create|createApplicationContext|createTestingModule|compile|close|init|listen|useLogger|enableShutdownHooks|getHttpServer)$/;

/** Methods that call a function for each item. */
const EACH =
  /^(?:map|forEach|each|eachSeries|eachLimit|mapSeries|filter|reduce|flatMap|some|every|find|for|eachOf|eachBatch|run|mapLimit|asyncForEach|forEachAsync)$/i;

const QUERY_NAME =
  /^(?:query|execute|exec|raw|sql|run|\w*(?:run|exec|execute)_?(?:sql|query|queries|statements?|raw)|\w*query)$/i;

/** A wrapper's own names for schema work. */
const SCHEMA_NAME =
  /^(?:create|drop|add|alter|rename|change|set|has|get|build|make|remove|enable|disable|escape|quote|parse|load|format)|^(?:column|schema|table|index|tableName|columnName|indexName|logger|escape|prefix)/i;
/** Links of a chain such as `schemaBuilder.createTable('a').withColumns(…)`. */
const SCHEMA_CHAIN =
  /\b(?:schema\w*|(?:create|drop|add|alter|rename)(?:Table|Columns?|Index|ForeignKey|NotNull|Enum\w*)|columns?|escape|logger)\b/i;
const DATA_NAME =
  /rows?|record|data|seed|backfill|populate|insert|update|delete|upsert|save|copy|migrate|move|purge|truncate|batch|entit/i;

/** SQL is recognised by how a statement starts; a word alone is a name, not a statement. */
const SQL_START =
  /^\s*(?:(?:--[^\n]*\n|\/\*[^]*?\*\/)\s*)*(?:(?:update|insert\s+into|delete\s+from|merge\s+into|truncate|copy|with|do|select|call|perform|explain|set|lock|begin|create|alter|drop|comment\s+on|grant|revoke|refresh|reindex|vacuum|analyze)\s+\S|do\s*\$|with\s)/i;

export function looksLikeSql(value: TextValue): boolean {
  const [first] = value.parts.filter((part) => !isChunk(part) || part.text.trim() !== '');
  if (first === undefined || !isChunk(first)) return false;
  return (
    SQL_START.test(`${first.text}${value.parts.length > 1 ? ' x' : ''}`) &&
    value.parts.some((part) => isChunk(part) && /\s/.test(part.text.trim()))
  );
}

/** A call of something whose code could not be read. */
export function callUnknown(
  machine: Machine,
  callee: UnknownCallee,
  args: readonly Value[],
  site: CallSite,
): Value {
  const { name, expression } = callee;
  const read = /read|load|file|sql|import/i.test(name) ? readSqlFileOf(args, site) : undefined;
  if (read) return read;
  if (isOutsidePackage(callee.facts.module, name, args))
    machine.emit({ kind: 'undecided', reason: 'outside', expression }, site);
  const receiver = callee.receiver ? factsOf(callee.receiver) : NO_FACTS;
  const given = mergeFacts(...args.map((arg) => factsOf(arg)));
  const result = unknown(expression, resultFacts(callee.facts, receiver, given));
  const sent = isHarmless(callee) ? 0 : sendTexts(machine, callee, args, site);
  openContainers(args);
  callCallbacks(machine, name, args, site, mergeFacts(receiver, given), sent > 0);
  if (sent > 0) return unknown(expression, { ...result.facts, rows: true });
  if (isHarmless(callee)) return result;
  if (callee.facts.database) {
    callOnContext(machine, callee, args, site);
  } else if (args.some((arg) => holdsDatabase(arg)) || isMissingAction(machine, callee, site)) {
    machine.emit({ kind: 'undecided', reason: 'helper', expression }, site);
  } else if (receiver.application && !APPLICATION_READS.test(name) && !HARMLESS_NAME.test(name)) {
    machine.emit({ kind: 'undecided', reason: 'application', expression }, site);
  }
  return result;
}

/**
 * `await seed()` of a file of the project that is not there, or of a package that says so by the function's name: it may reach the
 * database by itself.
 */
function isMissingAction(
  machine: Machine,
  { name, facts, receiver }: UnknownCallee,
  { node }: CallSite,
): boolean {
  const { module } = receiver ? factsOf(receiver) : facts;
  if (module === undefined || !machine.awaited.has(node)) return false;
  return /^\.{0,2}\//.test(module) || (!receiver && /^(?:seed|back_?fill|populate|migrate)/i.test(name));
}

/** What is handed to unknown code may come back changed: an object with other properties, an empty list filled. */
function openContainers(args: readonly Value[]): void {
  for (const arg of args)
    if ((arg.kind === 'array' && arg.items.length === 0) || (arg.kind === 'object' && !arg.class))
      arg.open = true;
}

function resultFacts(own: Facts, receiver: Facts, given: Facts): Facts {
  const facts = mergeFacts(own, receiver);
  return given.rows && !facts.rows ? { ...facts, rows: true } : facts;
}

function isHarmless({ name, expression }: UnknownCallee): boolean {
  return HARMLESS_RECEIVER.test(expression) || (HARMLESS_NAME.test(name) && /log|console/i.test(expression));
}

/** A function that changes data by agreement is not looked into: its name says what it does. */
export function callHelper(machine: Machine, name: string, args: readonly Value[], site: CallSite): Value {
  const texts = args
    .flatMap(optionsOf)
    .filter((arg): arg is TextValue => arg.kind === 'text' && looksLikeSql(arg));
  for (const text of texts) machine.emit({ kind: 'sql', text, helper: name }, site);
  if (texts.length === 0) machine.emit({ kind: 'helper', name }, site);
  return unknown(site.callee, { rows: true });
}

/** Texts that read like SQL are taken to be sent. */
function sendTexts(machine: Machine, callee: UnknownCallee, args: readonly Value[], site: CallSite): number {
  // A logger, a formatter or an error is given text too: only what may reach a database counts.
  if (/^(?:Error|\w+Error|\w+Exception|format|dedent|trim|md5|createHash|hash|split)$/.test(callee.name))
    return 0;
  let sent = 0;
  for (const arg of args) {
    const items = arg.kind === 'array' ? arg.items : [arg];
    for (const option of items.flatMap(optionsOf)) {
      const text =
        option.kind === 'object' ? (option.properties.get('text') ?? option.properties.get('sql')) : option;
      if (text?.kind !== 'text' || !looksLikeSql(text)) continue;
      machine.emit(
        callee.facts.database ? { kind: 'sql', text } : { kind: 'sql', text, guessed: true },
        site,
      );
      sent++;
    }
  }
  return sent;
}

/** Functions handed over are called once, with what is known of their arguments: nothing, or that they are rows. */
function callCallbacks(
  machine: Machine,
  name: string,
  args: readonly Value[],
  site: CallSite,
  facts: Facts,
  overQuery: boolean,
): void {
  const callbacks = args
    .flatMap((arg) => (arg.kind === 'object' && !arg.class ? [...arg.properties.values()] : [arg]))
    .flatMap(optionsOf);
  for (const callback of callbacks) {
    if (callback.kind !== 'function') continue;
    const isLoop = EACH.test(name) || overQuery;
    const given = unknown('', facts.rows || overQuery ? { ...facts, rows: true } : facts);
    const body = (): unknown => machine.invoke(callback, [given, given, given], site);
    machine.journal.branch(
      [() => (isLoop ? machine.inLoop(facts.rows || overQuery ? 'rows' : 'unknown', body) : body())],
      () => true,
      () => true,
    );
  }
}

/** A wrapper around TypeORM hands the migration its own tools: what they do is told by their names, or not at all. */
function callOnContext(
  machine: Machine,
  callee: UnknownCallee,
  args: readonly Value[],
  site: CallSite,
): void {
  const { name, expression } = callee;
  if (QUERY_NAME.test(name)) {
    const [sql] = args;
    if (sql && knownText(sql) === undefined)
      machine.emit({ kind: 'undecided', reason: 'sql', expression }, site);
    return;
  }
  if (DATA_NAME.test(name) || !(SCHEMA_NAME.test(name) || SCHEMA_CHAIN.test(expression)))
    machine.emit({ kind: 'undecided', reason: 'helper', expression }, site);
}

const HOLDS_DEPTH = 3;

/** Is the database within reach of whoever gets this value? */
export function holdsDatabase(value: Value, depth = HOLDS_DEPTH): boolean {
  switch (value.kind) {
    case 'database':
      return true;
    case 'unknown':
      return Boolean(value.facts.database);
    case 'array':
      return depth > 0 && value.items.some((item) => holdsDatabase(item, depth - 1));
    case 'object':
      return (
        depth > 0 &&
        !isMigrationItself(value) &&
        [...value.properties.values()].some((item) => holdsDatabase(item, depth - 1))
      );
    case 'choice':
      return value.options.some((option) => holdsDatabase(option, depth));
    default:
      return false;
  }
}

function isMigrationItself(value: ObjectValue): boolean {
  return value.class !== undefined && value.properties.size === 0;
}
