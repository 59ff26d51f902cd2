/**
 * Stops an embedded server and removes its files when the process that started it ends or closes the pipe.
 * Standard input is a pipe from that process. The operating system closes it when the process ends, also after
 * SIGKILL.
 */
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';

/** @type {{ pgCtl: string, cluster: string, account?: { uid: number, gid: number }, remove: string[] }} */
const { pgCtl, cluster, account, remove } = JSON.parse(String(process.argv[2]));

process.stdin.resume();
process.stdin.once('close', () => {
  spawnSync(pgCtl, ['stop', '-D', cluster, '-m', 'fast', '-w'], { ...account, cwd: '/', stdio: 'ignore' });
  for (const path of remove) rmSync(path, { recursive: true, force: true, maxRetries: 5 });
});
