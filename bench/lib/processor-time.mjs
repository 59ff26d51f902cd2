import { execFileSync } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Fields of /proc/PID/stat after the name of the command, which may contain spaces (proc(5)). */
const [PARENT, USER, SYSTEM, CHILDREN_USER, CHILDREN_SYSTEM] = [1, 11, 12, 13, 14];

/**
 * Seconds of processor time that all processes of a PostgreSQL server have used since its start, those that have
 * ended included. Other load on the machine changes it less than the time on the clock.
 * @param {import('pg').Client} client a superuser's session on a server of this machine
 * @returns {Promise<number | undefined>} undefined where /proc does not tell it
 */
export async function serverProcessorSeconds(client) {
  const { rows } = await client.query(`SELECT current_setting('data_directory') AS folder`);
  try {
    const pidFile = await readFile(join(rows[0].folder, 'postmaster.pid'), 'utf8');
    const postmaster = Number(pidFile.split('\n')[0]);
    const own = await statOf(postmaster);
    let ticks = own[USER] + own[SYSTEM] + own[CHILDREN_USER] + own[CHILDREN_SYSTEM];
    for (const entry of await readdir('/proc')) {
      if (!/^\d+$/.test(entry)) continue;
      // A process that ends meanwhile is counted with its parent the next time.
      const stat = await statOf(Number(entry)).catch(() => undefined);
      if (stat?.[PARENT] === postmaster) ticks += stat[USER] + stat[SYSTEM];
    }
    return ticks / ticksPerSecond();
  } catch {
    return undefined;
  }
}

/** @param {number} pid @returns {Promise<[...number[]]>} */
async function statOf(pid) {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8');
  return text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
}

const ticksPerSecond = () => Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
