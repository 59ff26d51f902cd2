import { array } from '../values/value.js';
import type { FunctionValue, Site } from '../values/value.types.js';
import type { Frame } from './machine.types.js';

export function frameOf(called: FunctionValue, site: Site, loops: number): Frame {
  return { function: called, site, returns: [], yields: array([]), loops };
}
