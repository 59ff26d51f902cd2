import { execFileSync } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

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
    const { own, ended } = await ticksOf(postmaster);
    let ticks = own + ended;
    for (const entry of await readdir('/proc')) {
      if (!/^\d+$/.test(entry)) continue;
      // A process that ends meanwhile is counted with its parent the next time.
      const child = await ticksOf(Number(entry)).catch(() => undefined);
      if (child?.parent === postmaster) ticks += child.own;
    }
    return ticks / ticksPerSecond();
  } catch {
    return undefined;
  }
}

/**
 * The processor time of a process, and of its children that have ended, in ticks (proc(5)).
 * @param {number} pid
 */
async function ticksOf(pid) {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8');
  // The name of the command is in parentheses, and may contain spaces.
  const fields = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const [user = 0, system = 0, endedUser = 0, endedSystem = 0] = fields.slice(11, 15);
  return { parent: fields[1], own: user + system, ended: endedUser + endedSystem };
}

const ticksPerSecond = () => Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
