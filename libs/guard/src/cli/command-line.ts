import { parseArgs } from 'node:util';
import { GuardUsageError } from '../guard.error.js';

const OPTIONS = {
  format: { type: 'string' },
  output: { type: 'string' },
  baseline: { type: 'string' },
  'update-baseline': { type: 'boolean', default: false },
  'strict-baseline': { type: 'boolean', default: false },
  exclude: { type: 'string', multiple: true, default: [] as string[] },
  'dml-helper': { type: 'string', multiple: true, default: [] as string[] },
  'table-sizes': { type: 'string' },
  postgres: { type: 'string' },
  database: { type: 'string' },
  locks: { type: 'string', default: 'refuse' },
  timeline: { type: 'boolean', default: false },
  sources: { type: 'string', multiple: true, default: [] as string[] },
  timing: { type: 'boolean', default: false },
  color: { type: 'boolean' },
  'no-color': { type: 'boolean' },
  into: { type: 'string' },
  write: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'v' },
} as const;

export type CommandLine = ReturnType<typeof parseCommandLine>;
export type OptionValues = CommandLine['values'];

/** @throws {GuardUsageError} for an unknown option */
export function parseCommandLine(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS });
  } catch (error) {
    // Node.js adds advice about arguments that start with a dash, which is misleading here.
    const [problem = ''] = (error instanceof Error ? error.message : String(error)).split('. To specify');
    throw new GuardUsageError(problem);
  }
}
