import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('../../scripts/', import.meta.url));
const SCRIPTS = readdirSync(FOLDER).filter((name) => name.endsWith('.sh'));

describe('the shell scripts', () => {
  it.each(SCRIPTS)('%s is valid POSIX shell', (name) => {
    const { status, stderr } = spawnSync('sh', ['-n', FOLDER + name], { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  it.each(SCRIPTS)('%s passes shellcheck if it is installed', (name) => {
    const { status, stdout, error } = spawnSync('shellcheck', [FOLDER + name], { encoding: 'utf8' });
    if (error) console.warn(`Not checked: shellcheck could not be started (${error.message}).`);
    expect(error ? '' : `${status}${stdout}`).toBe(error ? '' : '0');
  });
});
