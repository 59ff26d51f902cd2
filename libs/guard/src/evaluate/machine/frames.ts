import { array } from '../values/value.js';
import type { FunctionValue } from '../values/value.types.js';
import type { CallSite, Frame, Machine } from './machine.types.js';
import { siteOf } from './source-code.js';

export function frameOf(machine: Machine, called: FunctionValue, { node, context }: CallSite): Frame {
  return {
    function: called,
    site: siteOf(node, context.module),
    returns: [],
    yields: array([]),
    loops: machine.loops.length,
    // What the migration itself returns is only awaited, and a loop over a generator ignores what it returns.
    isActing: machine.frames.length === 0 || machine.acting.has(node) || isGenerator(called),
  };
}

/** Is it a generator of the program, not an async function that was compiled to one? */
export function isGenerator({ node, isAsync }: FunctionValue): boolean {
  return node.type !== 'ArrowFunctionExpression' && node.generator && isAsync !== true;
}
