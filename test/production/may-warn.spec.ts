import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('../../scripts/may-warn.sh', import.meta.url));

describe('scripts/may-warn.sh', () => {
  it.each([
    ['exit 0', ''],
    ['exit 3', 'ended with exit code 3'],
    ['kill -KILL $$', 'ended with exit code 137'],
  ])('exits with 0 for `%s`', (command, warning) => {
    const { status, stderr } = spawnSync(SCRIPT, ['sh', '-c', command], { encoding: 'utf8' });
    expect(status).toBe(0);
    expect(stderr.trim() === '').toBe(warning === '');
    expect(stderr).toContain(warning);
  });

  it('exits with 0 when the command does not exist', () => {
    expect(spawnSync(SCRIPT, ['./no-such-command']).status).toBe(0);
  });

  it('prints the output of the command', () => {
    const { stdout } = spawnSync(SCRIPT, ['printf', '%s|', 'a b', 'c'], { encoding: 'utf8' });
    expect(stdout).toBe('a b|c|');
  });

  it('passes a signal on and waits until the command has ended', async () => {
    const program = `
      process.on('SIGTERM', () => setImmediate(() => { console.log('finished'); process.exit(0); }));
      setInterval(() => undefined, 1000);
      console.log('started');`;
    const child = spawn(SCRIPT, [process.execPath, '--eval', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk));
    const closed = once(child, 'close');
    while (!stdout.includes('started')) await once(child.stdout, 'data');
    child.kill('SIGTERM');
    expect((await closed)[0]).toBe(0);
    expect(stdout).toBe('started\nfinished\n');
  });
});
