import { createServer, connect, type Server } from 'node:net';
import { freePort } from '../../scripts/lib/embedded-server.mjs';
import { FixtureApp } from '../support/applications/fixture-app.ts';

const app = new FixtureApp('one-shot-app');
const serverUrl = process.env['TEST_SERVER_URL'] ?? '';

/** For runs that give up: long enough for the first attempt to fail, also on a slow machine. */
const SHORT_TIMEOUT = ['--connect-timeout', '2s'];

/** For runs that a signal or an answer of the database must end, not the time limit. */
const LONG_TIMEOUT = ['--connect-timeout', '500s'];

/** The environment of an application whose database does not exist. */
async function unreachable(): Promise<NodeJS.ProcessEnv> {
  return { DATABASE_URL: `postgres://nobody@127.0.0.1:${await freePort()}/none` };
}

/** Makes the test server available on another port. */
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
  it('starts the server, which gets its own arguments and inherits no variable', async () => {
    const { code, stdout } = await app.nest(['start', '--', '--port', '3000']).ended;
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ server: true, argv: ['--port', '3000'], leaked: [] });
  });

  it.each([['--plan'], ['--strict'], ['--backfil']])(
    'refuses the argument %s of the application itself with exit code 2, instead of starting the server',
    async (argument) => {
      const { code, stdout, stderr } = await app.node([argument]).ended;
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toContain('would start as a server');
    },
  );

  it('starts a one-shot run with --backfill and exits with its exit code', async () => {
    const line = ['start', 'crm', '--backfill', 'leads', ...SHORT_TIMEOUT, '--strict'];
    const { code, stdout } = await app.nest(line, await unreachable()).ended;
    expect(stdout).toContain('The database could not be reached within 2 s: connect ECONNREFUSED 127.0.0.1');
    expect(code).toBe(3);
  });

  it('accepts the same arguments before and after `--`', async () => {
    const line = ['--backfill', ...SHORT_TIMEOUT];
    const { code, stdout } = await app.nest(
      ['start', ...line, '--', ...line, '--strict'],
      await unreachable(),
    ).ended;
    expect(stdout).toContain('could not be reached within 2 s');
    expect(code).toBe(3);
  });

  it('accepts the arguments only after `--`', async () => {
    const line = ['start', '--', '--backfill', ...SHORT_TIMEOUT];
    const { code, stdout } = await app.nest(line, await unreachable()).ended;
    expect(stdout).toContain('could not be reached within 2 s');
    expect(code).toBe(0);
  });

  it.each([
    [['--backfill', '--tenat', '5'], 'Did you mean --tenant?'],
    [['--backfil'], 'Did you mean --backfill?'],
    [['--watch', '--backfill'], 'every saved file would start the run again'],
  ])('refuses %j with exit code 2', async (line, message) => {
    const { code, stdout, stderr } = await app.nest(['start', ...line], await unreachable()).ended;
    expect(stderr).toContain(message);
    expect(stdout).not.toContain('server');
    expect(code).toBe(2);
  });

  it('leaves no process behind when it is stopped', async () => {
    const started = app.nest(['start', '--backfill', ...LONG_TIMEOUT], await unreachable());
    await started.printed('Waiting for the database');
    started.child.kill('SIGTERM');
    // `ended` resolves only after the application has closed its output too.
    const { stdout } = await started.ended;
    expect(stdout).toMatch(/(SIGTERM|The command line that started the run ended) before the run started/);
  });

  it('passes on the signal and the exit code when it starts the application without a shell', async () => {
    const line = ['start', '--no-shell', '--backfill', '--strict', ...LONG_TIMEOUT];
    const started = app.nest(line, await unreachable());
    await started.printed('Waiting for the database');
    started.child.kill('SIGTERM');
    const { code, stdout } = await started.ended;
    expect(stdout).toContain('SIGTERM before the run started');
    expect(code).toBe(3);
  });
});

describe('the application', () => {
  it('ignores arguments that a command line passed to another process', async () => {
    const passed = JSON.stringify({ from: 2 ** 30, group: 2 ** 30, arguments: ['--backfill'] });
    const { stdout } = await app.node([], { NESTJS_BACKFILL_ARGUMENTS: passed }).ended;
    expect(JSON.parse(stdout)).toEqual({ server: true, argv: [], leaked: [] });
  });

  it('writes one object to stdout and only JSON to stderr with --json', async () => {
    const line = ['--backfill', '--json', ...SHORT_TIMEOUT];
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
    'reports with %j why nothing could be read when the database is unreachable',
    async (line, text, exit) => {
      const { code, stdout } = await app.node([...line, ...SHORT_TIMEOUT], await unreachable()).ended;
      expect(stdout).toContain(text);
      expect(stdout).toContain('The database could not be reached within 2 s: connect ECONNREFUSED');
      expect(stdout).not.toMatch(/deploy/i);
      expect(code).toBe(exit);
    },
  );

  it('writes an object without phases with --json when the status could not be read', async () => {
    const line = ['--status', '--json', ...SHORT_TIMEOUT];
    const { stdout } = await app.node(line, await unreachable()).ended;
    expect(JSON.parse(stdout)).toEqual({
      phase: 'deploy',
      outcome: 'failed',
      reason: expect.stringContaining('could not be reached') as string,
    });
  });

  it('reports wrong arguments in the JSON object with --json', async () => {
    const { code, stdout } = await app.node(['--backfill', '--json', '--max-duration', 'soon']).ended;
    expect(code).toBe(2);
    const { outcome, reason } = JSON.parse(stdout) as { outcome: string; reason: string };
    expect(outcome).toBe('failed');
    expect(reason).toContain('--max-duration cannot be "soon"');
  });

  it('prints its help without connecting to the database', async () => {
    const { code, stdout } = await app.node(['--backfill', '--help'], await unreachable()).ended;
    expect(code).toBe(0);
    expect(stdout).toContain('Usage: nest start --deploy');
  });

  it('reports an unreachable database only once, despite the retries of TypeOrmModule', async () => {
    const line = ['--backfill', '--connect-timeout', '4s'];
    const { stdout, stderr } = await app.node(line, await unreachable()).ended;
    expect(`${stdout}${stderr}`.match(/could not be reached/g)).toHaveLength(1);
    expect(`${stdout}${stderr}`.match(/Waiting for the database/g)).toHaveLength(1);
    expect(`${stdout}${stderr}`).not.toMatch(/Unable to connect|^ {4}at /m);
  });

  it('continues as soon as the database answers', async () => {
    const port = await freePort();
    const url = new URL(serverUrl);
    url.host = `127.0.0.1:${port}`;
    const started = app.node(['--backfill', ...LONG_TIMEOUT], { DATABASE_URL: url.href });
    await started.printed('Waiting for the database');
    const server = await forward(port);
    // Only a created application can miss the module, so this message shows that the database was reached.
    await started.printed('AppModule does not import BackfillModule');
    expect((await started.ended).code).toBe(2);
    server.close();
  });

  it('exits with 2, without waiting and without a stack, when its database does not exist', async () => {
    const url = new URL(serverUrl);
    url.pathname = '/no_such_database';
    const started = app.node(['--backfill', ...LONG_TIMEOUT], { DATABASE_URL: url.href });
    const { code, stderr } = await started.ended;
    expect(code).toBe(2);
    expect(stderr).toContain('database "no_such_database" does not exist');
    expect(stderr).not.toMatch(/^ {4}at /m);
  });

  it('exits with 2 on an uncaught error at start-up, because 1 means a failed migration', async () => {
    const env = { ...(await unreachable()), FIXTURE_REJECTS: '1' };
    const { code, stderr } = await app.node(['--backfill', ...LONG_TIMEOUT], env).ended;
    expect(stderr).toContain('RangeError: not awaited');
    expect(code).toBe(2);
  });

  it('ends after the run even if it left a timer open', async () => {
    const env = { DATABASE_URL: serverUrl, FIXTURE_STAYS_ALIVE: '1' };
    const { code, stderr } = await app.node(['--backfill'], env).ended;
    expect(stderr).toMatch(/keeps the process alive \(.*Timeout.*\)/);
    expect(code).toBe(2);
  });
});
