import { ARGUMENT_NAMES, ARGUMENTS, type ArgumentDefinition } from './arguments.table.js';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** A script that completes the arguments after `nest start` and after `node dist/main.js`. */
export function completionScript(shell: Shell): string {
  if (shell === 'fish') return fishScript();
  return shell === 'zsh' ? `autoload -U +X bashcompinit && bashcompinit\n${bashScript()}` : bashScript();
}

function bashScript(): string {
  const words = ARGUMENT_NAMES.map((name) => `--${name}`).join(' ');
  return `_nestjs_backfill() {
  local line=" \${COMP_WORDS[*]} " word="\${COMP_WORDS[COMP_CWORD]}"
  case "$word$line" in
    --*" start "* | --*"main.js "*) COMPREPLY=($(compgen -W "${words}" -- "$word")) ;;
    *) COMPREPLY=($(compgen -f -- "$word")) ;;
  esac
}
complete -o default -F _nestjs_backfill nest node
`;
}

function fishScript(): string {
  const conditions = {
    nest: '__fish_seen_subcommand_from start',
    node: 'string match -q "*main.js*" -- (commandline)',
  };
  return Object.entries(conditions)
    .flatMap(([command, condition]) =>
      ARGUMENT_NAMES.map((name) => {
        const { description, valueExample }: ArgumentDefinition = ARGUMENTS[name];
        const value = valueExample === undefined ? '' : ' -x';
        return `complete -c ${command} -n '${condition}' -l ${name}${value} -d '${description.replaceAll("'", "\\'")}'\n`;
      }),
    )
    .join('');
}
