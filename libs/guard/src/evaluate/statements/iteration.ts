import type { LoopKind } from '../machine/event.types.js';
import type { Completion, Machine } from '../machine/machine.types.js';
import { factsOf } from '../values/facts.js';
import { choice, optionsOf, unknown } from '../values/value.js';
import type { ArrayValue, Value } from '../values/value.types.js';

/** A list in the code is iterated item by item up to this length. */
export const MAX_UNROLLED = 400;

export interface Iteration {
  readonly iterated: Value;
  /** The code of the iterated value, for messages. */
  readonly expression: string;
  readonly body: (item: Value) => Completion;
}

/** Runs a body for the items of a value: for each item when they are known, otherwise once for all. */
export function iterate(machine: Machine, { iterated, expression, body }: Iteration): Completion {
  const options = optionsOf(iterated);
  if (options.length > 1) {
    machine.journal.branch(
      options.map((option) => () => iterate(machine, { iterated: option, expression, body })),
      { isOptional: true, continues: () => true },
    );
    return 'normal';
  }
  if (iterated.kind === 'array' && !iterated.isOpen && iterated.items.length <= MAX_UNROLLED)
    return iterateItems(machine, iterated, body);
  const item =
    iterated.kind === 'array' && iterated.items.length > 0
      ? choice(iterated.items)
      : unknown(`an element of ${expression}`, factsOf(iterated));
  return machine.inLoop(loopKind(iterated), () => runRepeatedly(machine, () => body(item)));
}

function iterateItems(machine: Machine, list: ArrayValue, body: Iteration['body']): Completion {
  return machine.inLoop(loopKind(list), () => {
    for (const item of list.items) {
      const completion = body(item);
      if (leavesLoop(completion)) return completion;
      if (completion === 'break') break;
    }
    return 'normal';
  });
}

/** Does the completion also leave the code around the loop? */
export function leavesLoop(completion: Completion): boolean {
  return completion === 'return' || completion === 'throw';
}

export function loopKind(iterated: Value): LoopKind {
  if (factsOf(iterated).rows) return 'rows';
  return iterated.kind === 'array' && !iterated.isOpen ? 'values' : 'unknown';
}

/** Runs a body that may run any number of times, and joins its assignments with the values before. */
export function runRepeatedly(machine: Machine, body: () => Completion): Completion {
  const { journal } = machine;
  const before = journal.changes;
  journal.maybe(body);
  // The second iteration starts from the state after the first:
  // `if (first) { first = false; continue; }`.
  if (journal.changes !== before) journal.maybe(body);
  return 'normal';
}
