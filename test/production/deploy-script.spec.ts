import { fileURLToPath } from 'node:url';
import {
  FakeDocker,
  type FakeDockerOptions,
  type ScriptResult,
} from '../support/applications/fake-docker.ts';

const SCRIPT = fileURLToPath(new URL('../../scripts/deploy-production.sh', import.meta.url));

const BUILD = 'build migrate';
const DATABASE = 'up --detach --wait postgres';
const STOP = 'stop api';
const MIGRATE =
  'run --rm --no-deps -T --name crm-deploy-N-migrate migrate node dist/main.js --migrate --no-progress';
const INDEXES =
  'run --rm --no-deps -T --name crm-deploy-N-indexes indexes node dist/main.js --indexes --strict --no-progress';
const BACKFILLS =
  'run --rm --no-deps -T --name crm-deploy-N-backfills backfills node dist/main.js --backfill --strict --max-duration 10m --no-progress';
const START = 'up --detach --no-deps --wait api';
const REPORT =
  'run --rm --no-deps -T --name crm-deploy-N-migrate migrate node dist/main.js --status --no-progress';
const LIST = 'ps --all --format {{.Service}} {{.State}} {{.Health}}';
const ALL = [BUILD, DATABASE, MIGRATE, INDEXES, BACKFILLS, START, REPORT, LIST];
const WITH_STOP = [BUILD, DATABASE, MIGRATE, INDEXES, BACKFILLS, STOP, START, REPORT, LIST];
const RUNNING = 'postgres running healthy\napi running healthy\n';

describe('scripts/deploy-production.sh', () => {
  const docker = new FakeDocker();
  const deploy = (line = '', options: FakeDockerOptions = {}): ScriptResult =>
    docker.run(SCRIPT, line.split(' ').filter(Boolean), options);

  afterAll(() => docker.remove());

  it('runs the three phases while the old version runs, replaces the services, and prints the report and what runs', () => {
    const { code, stdout, stderr, calls } = deploy('', { services: RUNNING });
    expect(calls).toEqual(ALL);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(
      / {2}postgres runs \(running, healthy\)\n {2}api runs \(running, healthy\)\n\nDeployed\.\n$/,
    );
  });

  it('with --stop stops the services after the backfills, before the new ones start', () => {
    const { code, calls } = deploy('--stop');
    expect(code).toBe(0);
    expect(calls).toEqual(WITH_STOP);
  });

  it('accepts --rolling, which has become the default', () => {
    expect(deploy('--rolling').calls).toEqual(ALL);
  });

  it.each([
    ['building the image', BUILD, [BUILD]],
    ['starting the database', DATABASE, [BUILD, DATABASE]],
    ['stopping a service', STOP, WITH_STOP.slice(0, 6)],
  ])('ends when %s fails', (_, failingCall, calls) => {
    const result = deploy('--stop', { failingCall });
    expect(result.code).toBe(1);
    expect(result.calls).toEqual([...calls, LIST]);
    expect(result.stderr).toContain('The deployment failed');
  });

  it('touches no service when a migration fails, and says which services run', () => {
    const services = 'postgres running healthy\napi exited \n';
    const { code, calls, stderr } = deploy('--stop', { failingCall: '--migrate', services });
    expect(code).toBe(1);
    expect(calls).toEqual([BUILD, DATABASE, MIGRATE, LIST]);
    expect(stderr).toContain('the migrations failed (exit code 1)');
    expect(stderr).toContain('No service was stopped or started.');
    expect(stderr).toMatch(/ {2}postgres runs \(running, healthy\)\n {2}api does not run \(exited\)\n$/);
  });

  it('says how to return to the previous version when the services could not be stopped or started', () => {
    const stopped = deploy('--stop', { failingCall: STOP, services: 'postgres running healthy\n' });
    expect(stopped.stderr).toContain('the services may be stopped (api)');
    expect(stopped.stderr).toMatch(/COMPOSE_FILE='\S+docker-compose\.prod\.yml' docker compose start api/);
    expect(stopped.stderr).toContain('  api does not run (no container)');
  });

  it('says so if the state of the services cannot be read', () => {
    const { code, stdout } = deploy('', { failingCall: LIST });
    expect(code).toBe(0);
    expect(stdout).toContain('The state of the services could not be read');
  });

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    'on %s ends the container of the current step by SIGTERM, waits for its end, and runs no later step',
    async (signal) => {
      const { code, calls, stderr } = await docker.interrupt(SCRIPT, { duringCall: '--migrate', signal });
      expect(calls).toEqual([BUILD, DATABASE, MIGRATE, 'kill --signal TERM crm-deploy-N-migrate', LIST]);
      expect(code).toBe(1);
      expect(stderr).toContain(`it was interrupted by ${signal}. The current step has ended (exit code 0).`);
      expect(stderr).toContain('No service was stopped or started.');
    },
  );

  it.each([
    ['indexes', '--indexes', 3, 'indexes: exit code 3'],
    ['indexes', '--indexes', 137, 'indexes: exit code 137'],
    ['backfills', '--backfill', 3, 'backfills: exit code 3'],
    ['backfills', '--backfill', 2, 'backfills: exit code 2'],
    ['the report', '--status', 1, 'the report could not be printed (exit code 1)'],
  ])('continues when %s fail, and warns at the end', (_, failingCall, exitCode, warning) => {
    const { code, calls, stdout, stderr } = deploy('', { failingCall, exitCode });
    expect(calls).toEqual(ALL);
    expect(code).toBe(0);
    expect(stderr).toContain(`Warning: ${warning}`);
    expect(stdout).toContain('Deployed, with warnings:');
    expect(stdout).toContain(warning);
  });

  it('fails when the services do not start', () => {
    const { code, calls, stderr } = deploy('', { failingCall: START });
    expect(code).toBe(1);
    expect(calls).toEqual([...ALL.slice(0, -2), LIST]);
    expect(stderr).toContain('the services did not start');
    expect(stderr).toContain('The schema is migrated');
  });

  it('accepts other services, another time limit and an existing image', () => {
    const { calls } = deploy('--no-build --max-duration 1h', { env: { SERVICES: 'api worker' } });
    expect(calls).toEqual(
      ALL.slice(1).map((call) => call.replace(/api$/, 'api worker').replace('10m', '1h')),
    );
  });

  it.each([
    ['its default', undefined, fileURLToPath(new URL('../../docker-compose.prod.yml', import.meta.url))],
    ['another', '/srv/crm.yml', '/srv/crm.yml'],
    ['several', 'docker-compose.prod.yml:my site.yml', 'docker-compose.prod.yml:my site.yml'],
  ])('uses %s compose file in every step', (_, COMPOSE_FILE, expected) => {
    const { composeFiles, calls } = deploy('', { env: { COMPOSE_FILE } });
    expect(calls).toEqual(ALL);
    expect(composeFiles).toEqual([expected]);
  });

  it.each(['500ms', '90s', '10m', '1.5h', '596h'])('accepts %s as a time limit', (duration) => {
    const { calls } = deploy(`--max-duration ${duration}`);
    expect(calls).toEqual(ALL.map((call) => call.replace('10m', duration)));
  });

  it.each([
    '1xm',
    '10',
    'm',
    '1..5h',
    '1.h',
    '.5h',
    '-1m',
    '0s',
    '0.0h',
    '597h',
    '99999999999999999999s',
    '1m 2',
    '10 m',
  ])('refuses %j as a time limit, also from the environment', (duration) => {
    const { code, calls, stderr } = deploy('', { env: { BACKFILL_MAX_DURATION: duration } });
    expect({ code, calls }).toEqual({ code: 2, calls: [] });
    expect(stderr).toContain(`not "${duration}"`);
  });

  it.each([
    ['--roling', 'Unknown argument --roling'],
    ['--max-duration', '--max-duration needs a value'],
    ['--max-duration soon', 'not "soon"'],
    ['api', 'Unknown argument api'],
  ])('refuses `%s` with exit code 2 before the first step', (line, message) => {
    const { code, calls, stderr } = deploy(line);
    expect({ code, calls }).toEqual({ code: 2, calls: [] });
    expect(stderr).toContain(message);
  });

  it('prints its help without running any step', () => {
    const { code, calls, stdout } = deploy('--help');
    expect({ code, calls }).toEqual({ code: 0, calls: [] });
    expect(stdout).toContain('must succeed; otherwise the deployment ends here and changes no service');
  });
});
