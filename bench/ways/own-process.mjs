import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** A way that can stop does so within this time after its limit. A backfill has no limit, so its process is ended. */
const GRACE_SECONDS = 2;
/** @type {Promise<void>} */
const never = new Promise(() => undefined);
const CHILD = fileURLToPath(new URL('child.mjs', import.meta.url));

/**
 * Runs a way in its own process, as a deployment does: it shares no event loop and no heap with the
 * measurement.
 *
 * @param {import('./ways.mjs').WayName} way
 * @param {{ url: string, key: import('../tables/leads.mjs').Key }} database
 * @param {{ maxSeconds?: number }} [options] after this time the way is stopped
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
      const startedAt = performance.now();
      const seconds = () => (performance.now() - startedAt) / 1000;
      child.send('go');
      const late = new AbortController();
      const timer =
        maxSeconds === Infinity
          ? never
          : pause(1000 * (maxSeconds + GRACE_SECONDS), undefined, { signal: late.signal });
      const stopped = timer.then(() => {
        child.kill('SIGKILL');
        return { seconds: seconds(), cpuSeconds: NaN, startMib: NaN, peakMib: NaN };
      });
      stopped.catch(() => undefined);
      const finished = await Promise.race([answer.then(([message]) => message), ended, stopped]);
      late.abort();
      await exited;
      return finished;
    },
  };
}
