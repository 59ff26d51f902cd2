import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

describe('many workers that sleep', () => {
  it('listen to one signal without a leak warning from Node.js', async () => {
    // Runs in a separate process, because Jest does not capture the warnings of Node.js.
    const code = `import { StopSignal } from ${JSON.stringify(new URL('../../../../libs/backfill/dist/backfills/run/stop/stop-signal.js', import.meta.url).href)};
      const stop = new AbortController();
      const signal = new StopSignal({ signal: stop.signal });
      const sleeps = Array.from({ length: 50 }, () => signal.sleep(3_600_000));
      stop.abort();
      await Promise.all(sleeps);
      console.log('woken');`;
    const ended = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', code]);
    expect(ended).toEqual({ stdout: 'woken\n', stderr: '' });
  });
});
