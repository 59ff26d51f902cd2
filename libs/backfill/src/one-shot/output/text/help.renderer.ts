import { ARGUMENT_NAMES, ARGUMENTS, type ArgumentDefinition } from '../../arguments/arguments.table.js';

/** What `--help` prints. */
export function renderHelp(): string {
  const rows = ARGUMENT_NAMES.map((name) => {
    const definition: ArgumentDefinition = ARGUMENTS[name];
    const value = definition.value ?? definition.usage;
    const usage = `--${name}${value ? ` ${value}` : ''}`;
    const fallback = definition.fallback ? ` (default ${definition.fallback})` : '';
    return `  ${usage.padEnd(24)}${definition.describe}${fallback}`;
  });
  return [
    'Usage: nest start --deploy [arguments]',
    '       nest start --backfill [name…] [arguments]',
    '       nest start --pause name… [--why text], and so --set, --resume, --cancel',
    '       node dist/main.js --deploy … as well',
    '',
    ...rows,
    '',
    'Exit codes: 0 done, or stopped with work left, which is a warning;',
    '            1 the migrations did not succeed: the deployment must stop;',
    '            2 wrong arguments or configuration;',
    '            3 with --strict only: anything is left or has failed.',
    '',
  ].join('\n');
}
