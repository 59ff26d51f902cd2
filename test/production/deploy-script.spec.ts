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
const MIGRATE = 'run --rm --no-deps -T migrate node dist/main.js --migrate --no-progress';
const INDEXES = 'run --rm --no-deps -T indexes node dist/main.js --indexes --strict --no-progress';
const BACKFILLS =
  'run --rm --no-deps -T backfills node dist/main.js --backfill --strict --max-duration 10m --no-progress';
const START = 'up --detach --no-deps --wait api';
const REPORT = 'run --rm --no-deps -T migrate node dist/main.js --status --no-progress';
const ALL = [BUILD, DATABASE, STOP, MIGRATE, INDEXES, BACKFILLS, START, REPORT];

describe('scripts/deploy-production.sh', () => {
  const docker = new FakeDocker();
  const deploy = (line = '', options: FakeDockerOptions = {}): ScriptResult =>
    docker.run(SCRIPT, line.split(' ').filter(Boolean), options);

  afterAll(() => docker.remove());

  it('stops the services, runs the three phases in order, starts the services and prints the report', () => {
    const { code, stdout, stderr, calls } = deploy();
    expect(calls).toEqual(ALL);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/\nDeployed\.\n$/);
  });

  it('with --rolling keeps the services running until the new ones start', () => {
    const { code, calls } = deploy('--rolling');
    expect(code).toBe(0);
    expect(calls).toEqual(ALL.filter((call) => call !== STOP));
  });

  it.each([
    ['building the image', BUILD, []],
    ['starting the database', DATABASE, [BUILD]],
    ['stopping a service', STOP, [BUILD, DATABASE]],
  ])('ends when %s fails', (_, failingCall, before) => {
    const { code, calls, stderr } = deploy('', { failingCall });
    expect(code).toBe(1);
    expect(calls).toEqual([...before, failingCall]);
    expect(stderr).toContain('The deployment failed');
  });

  it('starts nothing when a migration fails, and says how to return to the previous version', () => {
    const { code, calls, stderr } = deploy('', { failingCall: '--migrate' });
    expect(code).toBe(1);
    expect(calls).toEqual([BUILD, DATABASE, STOP, MIGRATE]);
    expect(stderr).toContain('the migrations failed (exit code 1)');
    expect(stderr).toContain('The services are stopped (api)');
    expect(stderr).toMatch(/COMPOSE_FILE='\S+docker-compose\.prod\.yml' docker compose start api/);
  });

  it('with --rolling keeps the old version running when a migration fails', () => {
    const { code, calls, stderr } = deploy('--rolling', { failingCall: '--migrate' });
    expect(code).toBe(1);
    expect(calls).toEqual([BUILD, DATABASE, MIGRATE]);
    expect(stderr).toContain('No service was stopped or started.');
  });

  it.each([
    ['indexes', INDEXES, 3, 'indexes: exit code 3'],
    ['indexes', INDEXES, 137, 'indexes: exit code 137'],
    ['backfills', BACKFILLS, 3, 'backfills: exit code 3'],
    ['backfills', BACKFILLS, 2, 'backfills: exit code 2'],
    ['the report', REPORT, 1, 'the report could not be printed (exit code 1)'],
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
    expect(calls).toEqual(ALL.slice(0, -1));
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
    expect(stdout).toContain('must succeed; otherwise the deployment ends here');
  });
});
