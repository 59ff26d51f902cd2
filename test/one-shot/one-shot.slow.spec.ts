import { createServer, connect, type Server } from 'node:net';
import { freePort } from '../../scripts/lib/embedded-server.mjs';
import { FixtureApp } from '../support/fixture-app.ts';

const app = new FixtureApp('one-shot-app');
const serverUrl = process.env['TEST_SERVER_URL'] ?? '';

/** Settings under which nobody answers. */
async function unreachable(): Promise<NodeJS.ProcessEnv> {
  return { DATABASE_URL: `postgres://nobody@127.0.0.1:${await freePort()}/none` };
}

/** Opens the test server at another port, too. */
function forward(port: number): Promise<Server> {
  const target = new URL(serverUrl);
  const server = createServer((inward) => {
    const outward = connect(Number(target.port || 5432), target.hostname);
    inward.pipe(outward).pipe(inward);
    for (const socket of [inward, outward]) socket.on('error', () => undefined);
  });
  return new Promise((resolve) => server.listen(port, '127.0.0.1', () => resolve(server)));
}

beforeAll(async () => {
  const built = await app.nest(['build']).ended;
  expect(built).toMatchObject({ code: 0, stderr: '' });
});

describe('`nest start` with the plugin', () => {
  it('starts the server as before, which gets its own arguments and inherits nothing', async () => {
    const { code, stdout } = await app.nest(['start', '--', '--port', '3000']).ended;
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ server: true, argv: ['--port', '3000'], leaked: [] });
  });

  it('starts a one-shot run with --backfill, whose exit code reaches the shell', async () => {
    const line = ['start', 'crm', '--backfill', 'leads', '--connect-timeout', '300ms', '--strict'];
    const { code, stdout } = await app.nest(line, await unreachable()).ended;
    expect(stdout).toContain(
      'The database could not be reached within 300 ms: connect ECONNREFUSED 127.0.0.1',
    );
    expect(code).toBe(3);
  });

  it('takes the same arguments before and after `--` once', async () => {
    const line = ['--backfill', '--connect-timeout', '300ms'];
    const { code, stdout } = await app.nest(
      ['start', ...line, '--', ...line, '--strict'],
      await unreachable(),
    ).ended;
    expect(stdout).toContain('could not be reached within 300 ms');
    expect(code).toBe(3);
  });

  it('takes them after `--` alone', async () => {
    const line = ['start', '--', '--backfill', '--connect-timeout', '300ms'];
    const { code, stdout } = await app.nest(line, await unreachable()).ended;
    expect(stdout).toContain('could not be reached within 300 ms');
    expect(code).toBe(0);
  });

  it.each([
    [['--backfill', '--tenat', '5'], 'Did you mean --tenant?'],
    [['--backfil'], 'Did you mean --backfill?'],
    [['--watch', '--backfill'], 'every saved file would start the run again'],
  ])('refuses %j with exit code 2', async (line, remedy) => {
    const { code, stdout, stderr } = await app.nest(['start', ...line], await unreachable()).ended;
    expect(stderr).toContain(remedy);
    expect(stdout).not.toContain('server');
    expect(code).toBe(2);
  });

  it('leaves no run behind when it is stopped', async () => {
    const started = app.nest(['start', '--backfill', '--connect-timeout', '500s'], await unreachable());
    await started.printed('Waiting for the database');
    started.child.kill('SIGTERM');
    // Not settled before the application has closed its output.
    const { stdout } = await started.ended;
    expect(stdout).toMatch(/(SIGTERM|The command line that started the run ended) before the run had begun/);
  });

  it('passes the signal and the exit code on without a shell between them', async () => {
    const line = ['start', '--no-shell', '--backfill', '--strict', '--connect-timeout', '500s'];
    const started = app.nest(line, await unreachable());
    await started.printed('Waiting for the database');
    started.child.kill('SIGTERM');
    const { code, stdout } = await started.ended;
    expect(stdout).toContain('SIGTERM before the run had begun');
    expect(code).toBe(3);
  });
});

describe('the application itself', () => {
  it('ignores what a command line handed to another process', async () => {
    const handover = JSON.stringify({ from: 2 ** 30, group: 2 ** 30, arguments: ['--backfill'] });
    const { stdout } = await app.node([], { NESTJS_BACKFILL_ARGUMENTS: handover }).ended;
    expect(JSON.parse(stdout)).toEqual({ server: true, argv: [], leaked: [] });
  });

  it('with --json writes one object to stdout, and only JSON to stderr', async () => {
    const line = ['--backfill', '--json', '--connect-timeout', '300ms'];
    const { code, stdout, stderr } = await app.node(line, await unreachable()).ended;
    expect(code).toBe(0);
    expect(stdout.endsWith('\n')).toBe(true);
    expect(JSON.parse(stdout)).toMatchObject({ phase: 'backfill', outcome: 'failed', backfills: [] });
    const records = stderr
      .trimEnd()
      .split('\n')
      .map((record) => JSON.parse(record) as { message: string });
    expect(records.map(({ message }) => message)).toContainEqual(
      expect.stringContaining('Waiting for the database'),
    );
  });

  it.each([
    [['--status'], 'The status could not be read.', 0],
    [['--backfill', '--plan', '--strict'], 'The plan could not be read.', 3],
  ])(
    'says of %j that nothing could be read where the database is away, and why',
    async (line, says, exit) => {
      const { code, stdout } = await app.node([...line, '--connect-timeout', '300ms'], await unreachable())
        .ended;
      expect(stdout).toContain(says);
      expect(stdout).toContain('The database could not be reached within 300 ms: connect ECONNREFUSED');
      expect(stdout).not.toMatch(/deploy/i);
      expect(code).toBe(exit);
    },
  );

  it('with --json tells of a status that could not be read in an object without phases', async () => {
    const line = ['--status', '--json', '--connect-timeout', '300ms'];
    const { stdout } = await app.node(line, await unreachable()).ended;
    expect(JSON.parse(stdout)).toEqual({
      phase: 'deploy',
      outcome: 'failed',
      reason: expect.stringContaining('could not be reached') as string,
    });
  });

  it('with --json tells wrong arguments in the object too', async () => {
    const { code, stdout } = await app.node(['--backfill', '--json', '--max-duration', 'soon']).ended;
    expect(code).toBe(2);
    const { outcome, reason } = JSON.parse(stdout) as { outcome: string; reason: string };
    expect(outcome).toBe('failed');
    expect(reason).toContain('--max-duration cannot be "soon"');
  });

  it('prints its help without starting anything', async () => {
    const { code, stdout } = await app.node(['--backfill', '--help'], await unreachable()).ended;
    expect(code).toBe(0);
    expect(stdout).toContain('Usage: nest start --deploy');
  });

  it('tells an unreachable database once, whatever its own retries', async () => {
    const line = ['--backfill', '--connect-timeout', '4s'];
    const { stdout, stderr } = await app.node(line, await unreachable()).ended;
    expect(`${stdout}${stderr}`.match(/could not be reached/g)).toHaveLength(1);
    expect(`${stdout}${stderr}`.match(/Waiting for the database/g)).toHaveLength(1);
    expect(`${stdout}${stderr}`).not.toMatch(/Unable to connect|^ {4}at /m);
  });

  it('goes on as soon as the database answers', async () => {
    const port = await freePort();
    const url = new URL(serverUrl);
    url.host = `127.0.0.1:${port}`;
    const started = app.node(['--backfill', '--connect-timeout', '500s'], { DATABASE_URL: url.href });
    await started.printed('Waiting for the database');
    const server = await forward(port);
    // The application has no backfills, which it could not tell before it had started.
    await started.printed('AppModule does not import BackfillModule');
    expect((await started.ended).code).toBe(2);
    server.close();
  });

  it('does not wait for a database that does not exist: exit code 2, and the message without a stack', async () => {
    const url = new URL(serverUrl);
    url.pathname = '/no_such_database';
    const started = app.node(['--backfill', '--connect-timeout', '500s'], { DATABASE_URL: url.href });
    const { code, stderr } = await started.ended;
    expect(code).toBe(2);
    expect(stderr).toContain('database "no_such_database" does not exist');
    expect(stderr).not.toMatch(/^ {4}at /m);
  });

  it('that breaks while it starts exits 2, not with the 1 of a failed migration', async () => {
    const env = { ...(await unreachable()), FIXTURE_BREAKS: '1' };
    const { code, stderr } = await app.node(['--backfill', '--connect-timeout', '500s'], env).ended;
    expect(stderr).toContain('RangeError: nobody awaited this');
    expect(code).toBe(2);
  });

  it('is ended when it forgets to close something', async () => {
    const env = { DATABASE_URL: serverUrl, FIXTURE_HOLDS_ON: '1' };
    const { code, stderr } = await app.node(['--backfill'], env).ended;
    expect(stderr).toMatch(/keeps the process alive \(.*Timeout.*\)/);
    expect(code).toBe(2);
  });
});
