import { ARGUMENT_NAMES, ARGUMENTS, type ArgumentDefinition } from '../../arguments/arguments.table.js';

/** The output of `--help`. */
export function renderHelp(): string {
  const rows = ARGUMENT_NAMES.map((name) => {
    const definition: ArgumentDefinition = ARGUMENTS[name];
    const value = definition.valueExample ?? definition.usage;
    const usage = `--${name}${value ? ` ${value}` : ''}`;
    const defaultValue = definition.defaultText ? ` (default ${definition.defaultText})` : '';
    return `  ${usage.padEnd(24)}${definition.description}${defaultValue}`;
  });
  return [
    'Usage: nest start --deploy [arguments]',
    '       nest start --backfill [name…] [arguments]',
    '       nest start --pause name… [--why text]; likewise --set, --resume, --cancel',
    '       node dist/main.js --deploy …, without the Nest command line',
    '',
    ...rows,
    '',
    'Exit codes: 0 done, or stopped with work left, which is a warning;',
    '            1 the migrations failed: the deployment must stop;',
    '            2 wrong arguments or configuration;',
    '            3 only with --strict: work is left or has failed.',
    '',
  ].join('\n');
}
