import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const CHILD = fileURLToPath(new URL('child.mjs', import.meta.url));

/**
 * Runs a way in its own process, as a deployment does: it shares no event loop and no heap with the
 * measurement.
 *
 * @param {import('./ways.mjs').WayName} way
 * @param {{ url: string, key: import('../tables/leads.mjs').Key }} database
 * @param {{ maxSeconds?: number }} [options] a way that can stop stops after this time
 * @returns {Promise<{ go: () => Promise<import('./child.mjs').Finished> }>} when the process is ready to
 *   start
 */
export async function inOwnProcess(way, { url, key }, { maxSeconds = Infinity } = {}) {
  const child = fork(CHILD, [way, url, key, String(maxSeconds)]);
  /** @type {Promise<never>} */
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`The process of ${way} ended with exit code ${code}`);
  });
  ended.catch(() => undefined);
  await Promise.race([once(child, 'message'), ended]);
  return {
    async go() {
      const answer = once(child, 'message');
      const exited = once(child, 'exit');
      child.send('go');
      const [finished] = await Promise.race([answer, ended]);
      await exited;
      return finished;
    },
  };
}
