import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FILE = `${ROOT}/docker-compose.prod.yml`;

interface Service {
  readonly command?: readonly string[];
  readonly restart?: string;
  readonly secrets?: readonly string[];
  readonly ports?: readonly string[];
  readonly cap_add?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly secrets: Readonly<Record<string, object>>;
}

/** The two implementations of Compose; the tests use those that are installed. */
const COMMANDS = [
  ['docker-compose', []],
  ['docker', ['compose']],
] as const;

const read = (): Compose => parse(readFileSync(FILE, 'utf8'), { merge: true }) as Compose;

describe('docker-compose.prod.yml', () => {
  const file = read();
  const { services } = file;

  it('runs the phases one after another, then starts the API', () => {
    const waitsFor = Object.fromEntries(
      Object.entries(services).map(([name, { depends_on: conditions = {} }]) => [
        name,
        Object.entries(conditions).map(([other, { condition }]) => `${other}: ${condition}`),
      ]),
    );
    expect(waitsFor).toEqual({
      postgres: [],
      migrate: ['postgres: service_healthy'],
      indexes: ['migrate: service_completed_successfully'],
      backfills: ['indexes: service_completed_successfully'],
      api: ['backfills: service_completed_successfully'],
    });
  });

  it('starts nothing after a failed migration, but continues after a failed index or backfill', () => {
    const mayWarn = Object.entries(services)
      .filter(([, { command }]) => command?.[0] === 'scripts/may-warn.sh')
      .map(([name]) => name);
    expect(mayWarn).toEqual(['indexes', 'backfills']);
    expect(services['migrate']?.command?.slice(0, 3)).toEqual(['node', 'dist/main.js', '--migrate']);
  });

  it('runs each phase once and restarts the other services', () => {
    const restarts = Object.fromEntries(
      Object.entries(services).map(([name, { restart }]) => [name, restart]),
    );
    expect(restarts).toEqual({
      postgres: 'unless-stopped',
      migrate: 'no',
      indexes: 'no',
      backfills: 'no',
      api: 'unless-stopped',
    });
  });

  it('waits for the final server, not for the temporary one that initialises a new volume', () => {
    expect(services['postgres']?.healthcheck?.test).toContain('--host=127.0.0.1');
  });

  it('has the password as a secret only', () => {
    expect(file.secrets).toEqual({
      'database-password': { file: expect.stringMatching(/^\$\{POSTGRES_PASSWORD_FILE:\?/) as string },
    });
    for (const [name, { environment = {}, secrets }] of Object.entries(services)) {
      expect([name, secrets]).toEqual([name, ['database-password']]);
      expect([name, Object.values(environment).filter((value) => /\$\{|:[^/]*@/.test(value))]).toEqual([
        name,
        [],
      ]);
    }
    expect(services['postgres']?.environment?.['POSTGRES_PASSWORD_FILE']).toBe(
      '/run/secrets/database-password',
    );
    expect(services['api']?.environment?.['DATABASE_PASSWORD_FILE']).toBe('/run/secrets/database-password');
  });

  it.each(Object.entries(services))(
    'confines %s: read-only root, no new privileges, no capabilities, bounds',
    (name, service) => {
      expect(service).toMatchObject({
        read_only: true,
        security_opt: ['no-new-privileges:true'],
        cap_drop: ['ALL'],
        mem_limit: expect.stringMatching(/^\$\{\w+:-\d+[mg]\}$/) as string,
        pids_limit: expect.any(Number) as number,
      });
      // Its entrypoint prepares the volume as root.
      expect(service.cap_add ?? []).toEqual(
        name === 'postgres' ? ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'SETGID', 'SETUID'] : [],
      );
    },
  );

  it('offers its port to this host only, unless asked, and checks the health by a request', () => {
    const ports = Object.entries(services).flatMap(([name, { ports: own = [] }]) =>
      own.map((port) => [name, port]),
    );
    expect(ports).toEqual([['api', '${CRM_ADDRESS:-127.0.0.1}:${CRM_PORT:-3000}:3000']]);
    expect(services['api']?.healthcheck?.test.join(' ')).toContain("fetch('http://127.0.0.1:3000/health')");
  });

  it('is accepted by Compose with a password and refused without one', () => {
    const installed = COMMANDS.filter(([command, first]) => run(command, [...first, 'version']).status === 0);
    if (installed.length === 0)
      console.warn('Not checked: neither docker-compose nor docker compose is installed.');
    for (const [command, first] of installed) {
      const config = [...first, '--file', FILE, 'config', '--quiet'];
      const given = run(command, config, { POSTGRES_PASSWORD_FILE: './secret' });
      expect(given.status === 0 ? '' : given.stderr).toBe('');
      expect(run(command, config, { POSTGRES_PASSWORD_FILE: '' }).stderr).toContain(
        "Name the file that holds the database's password",
      );
    }
  });
});

describe('the Dockerfile', () => {
  const stages = readFileSync(`${ROOT}/Dockerfile`, 'utf8')
    .split(/^(?=FROM )/m)
    .slice(1);
  const final = stages.at(-1) ?? '';

  it('contains only production dependencies and compiled code', () => {
    expect(stages.length).toBeGreaterThan(1);
    expect(stages.find((stage) => / AS dependencies\b/.test(stage))).toContain('npm ci --omit=dev');
    const copied = [...final.matchAll(/^COPY (.+)$/gm)].map(([, what]) => what);
    expect(copied).toEqual([
      '--from=dependencies /app/node_modules node_modules',
      '--from=build /app/libs/sql/package.json libs/sql/package.json',
      '--from=build /app/libs/sql/dist libs/sql/dist',
      '--from=build /app/libs/backfill/package.json libs/backfill/package.json',
      '--from=build /app/libs/backfill/dist libs/backfill/dist',
      '--from=build /app/dist dist',
      'package.json ./',
      '--chmod=755 scripts/may-warn.sh scripts/may-warn.sh',
    ]);
  });

  it('runs as an unprivileged user, and Node.js itself receives the signals', () => {
    expect(final).toMatch(/^USER node$/m);
    expect(final).toMatch(/^CMD \["node", "dist\/main\.js"\]$/m);
  });

  it('has neither secrets nor build results of the host in its build context', () => {
    const [first, ...rest] = readFileSync(`${ROOT}/.dockerignore`, 'utf8')
      .split('\n')
      .filter((line) => line && !line.startsWith('#'));
    expect(first).toBe('*');
    expect(rest).toEqual(expect.arrayContaining(['**/node_modules', '**/dist']));
    expect(rest.filter((line) => /env|\.git|\.data/.test(line))).toEqual([]);
  });
});

function run(command: string, parameters: readonly string[], env: NodeJS.ProcessEnv = {}) {
  return spawnSync(command, parameters, { cwd: ROOT, encoding: 'utf8', env: { ...process.env, ...env } });
}
