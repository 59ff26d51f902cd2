import type { Call } from '../machine/machine.types.js';
import { optionsOf, unknown } from '../values/value.js';
import type { Facts, FunctionValue, Value } from '../values/value.types.js';

/** Methods that call a function for each item. */
const EACH =
  /^(?:map|forEach|each|eachSeries|eachLimit|mapSeries|filter|reduce|flatMap|some|every|find|for|eachOf|eachBatch|run|mapLimit|asyncForEach|forEachAsync)$/i;

interface UnknownCaller {
  readonly name: string;
  /** The facts of the receiver and of the arguments. */
  readonly facts: Facts;
  readonly sendsSql: boolean;
}

/** Calls each function among the arguments once. Its arguments are unknown, or rows. */
export function callCallbacks({ name, facts, sendsSql }: UnknownCaller, { machine, args, site }: Call): void {
  const isOverRows = facts.rows === true || sendsSql;
  const given = unknown('', isOverRows ? { ...facts, rows: true } : facts);
  for (const callback of functionsIn(args)) {
    const body = (): Value => machine.invoke(callback, [given, given, given], site);
    const isLoop = EACH.test(name) || sendsSql;
    machine.journal.maybe(() => (isLoop ? machine.inLoop(isOverRows ? 'rows' : 'unknown', body) : body()));
  }
}

/** The functions among arguments, also those in the properties of a plain object. */
function functionsIn(args: readonly Value[]): readonly FunctionValue[] {
  return args
    .flatMap((arg) => (arg.kind === 'object' && !arg.class ? [...arg.properties.values()] : [arg]))
    .flatMap(optionsOf)
    .filter((value) => value.kind === 'function');
}
