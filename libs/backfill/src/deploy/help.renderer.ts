import { ARGUMENT_NAMES, ARGUMENTS, type ArgumentDefinition } from './arguments.table.js';

/** What `--help` prints. */
export function renderHelp(): string {
  const rows = ARGUMENT_NAMES.map((name) => {
    const definition: ArgumentDefinition = ARGUMENTS[name];
    const usage = `--${name}${definition.value ? ` ${definition.value}` : ''}`;
    const fallback = definition.fallback ? ` (default ${definition.fallback})` : '';
    return `  ${usage.padEnd(24)}${definition.describe}${fallback}`;
  });
  return [
    'Usage: nest start --backfill [name…] [arguments]',
    '       node dist/main.js --backfill [name…] [arguments]',
    '',
    ...rows,
    '',
    'Exit codes: 0 done, or stopped with work left; 2 wrong arguments or configuration;',
    '            3 with --strict only: incomplete or failed.',
    '',
  ].join('\n');
}
