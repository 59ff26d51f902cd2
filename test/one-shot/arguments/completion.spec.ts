import { spawnSync } from 'node:child_process';
import { completionScript } from '../../../libs/backfill/src/one-shot/arguments/completion.script.ts';
import { ARGUMENT_NAMES } from '../../../libs/backfill/src/one-shot/arguments/arguments.table.ts';

/** What bash offers for the last word of a command line. */
function completed(...words: readonly string[]): string[] {
  const line = words.map((word) => `'${word}'`).join(' ');
  const script = `${completionScript('bash')}
COMP_WORDS=(${line}); COMP_CWORD=${words.length - 1}; _nestjs_backfill; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', script], { encoding: 'utf8' });
  expect(stderr).toBe('');
  return stdout.trim().split('\n');
}

describe('the completion of arguments', () => {
  it('offers every argument in bash, after nest start and after main.js', () => {
    const all = ARGUMENT_NAMES.map((name) => `--${name}`).sort();
    expect(completed('nest', 'start', '--').sort()).toEqual(all);
    expect(completed('node', 'dist/main.js', '--').sort()).toEqual(all);
    expect(completed('nest', 'start', '--max-d')).toEqual(['--max-duration']);
  });

  it('offers files for other words and other programs', () => {
    expect(completed('node', 'package.jso')).toEqual(['package.json']);
    expect(completed('nest', 'new', '--')).toEqual(['']);
  });

  it('loads the functions of bash in zsh', () => {
    expect(completionScript('zsh')).toMatch(/^autoload -U \+X bashcompinit && bashcompinit\n/);
  });

  it('describes every argument in fish', () => {
    const script = completionScript('fish');
    for (const name of ARGUMENT_NAMES) expect(script).toContain(` -l ${name} `);
  });
});
