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
    // What the migration itself returns is only awaited.
    isActing: machine.frames.length === 0 || machine.acting.has(node),
  };
}
