import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { until } from '../runs/until.ts';

/** The result of a script that ran with the fake `docker`. */
export interface ScriptResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The arguments of the script's calls of `docker compose` and `docker`, in order. */
  readonly calls: readonly string[];
  /** The different values of COMPOSE_FILE during these calls. */
  readonly composeFiles: readonly string[];
}

export interface FakeDockerOptions {
  /** A call that contains this text fails. */
  readonly failingCall?: string;
  /** The exit code of the failing call. @default 1 */
  readonly exitCode?: number;
  readonly env?: NodeJS.ProcessEnv;
  /** What `docker compose ps` prints. @default nothing */
  readonly services?: string;
}

export interface Interruption {
  /** The call with this text runs until its container is killed. */
  readonly duringCall: string;
  readonly signal: NodeJS.Signals;
}

/** Replaces `docker` on PATH. It records its calls, and one call can fail. */
export class FakeDocker {
  readonly #folder = mkdtempSync(join(tmpdir(), 'fake-docker-'));
  readonly #calls = join(this.#folder, 'calls');

  constructor() {
    const docker = join(this.#folder, 'docker');
    writeFileSync(
      docker,
      `#!/bin/sh
printf '%s\\n%s\\n' "$COMPOSE_FILE" "$*" >> "$DOCKER_CALLS"
case "$*" in *"$DOCKER_FAILS"*) [ -z "$DOCKER_FAILS" ] || exit "$DOCKER_CODE" ;; esac
case "$*" in
  'compose ps '*) printf '%s' "$DOCKER_SERVICES" ;;
  'kill '*) : > "$DOCKER_CALLS.killed" ;;
  *"$DOCKER_WAITS"*)
    # Like a client that ignores the signal: only the container's end ends it.
    trap '' TERM INT HUP
    while [ -n "$DOCKER_WAITS" ] && [ ! -e "$DOCKER_CALLS.killed" ]; do sleep 0.02; done
    ;;
esac
exit 0
`,
    );
    chmodSync(docker, 0o755);
  }

  run(script: string, parameters: readonly string[], options: FakeDockerOptions = {}): ScriptResult {
    this.#forget();
    const { status, stdout, stderr } = spawnSync(script, parameters, {
      encoding: 'utf8',
      env: this.#environment(options),
    });
    return { code: status, stdout, stderr, ...this.#recorded() };
  }

  /** Sends a signal to the script during one of its calls. */
  async interrupt(script: string, { duringCall, signal }: Interruption): Promise<ScriptResult> {
    this.#forget();
    const child = spawn(script, [], { env: { ...this.#environment({}), DOCKER_WAITS: duringCall } });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const ended = once(child, 'close') as Promise<[number | null]>;
    await until(() => Promise.resolve(this.#recorded().calls.some((call) => call.includes(duringCall))));
    child.kill(signal);
    const [code] = await ended;
    return { code, stdout, stderr, ...this.#recorded() };
  }

  #environment({
    failingCall = '',
    exitCode = 1,
    services = '',
    env = {},
  }: FakeDockerOptions): NodeJS.ProcessEnv {
    return {
      ...process.env,
      PATH: [this.#folder, process.env['PATH']].join(delimiter),
      DOCKER_CALLS: this.#calls,
      DOCKER_FAILS: failingCall,
      DOCKER_CODE: String(exitCode),
      DOCKER_SERVICES: services,
      DOCKER_WAITS: '',
      ...env,
    };
  }

  #forget(): void {
    for (const file of [this.#calls, `${this.#calls}.killed`]) rmSync(file, { force: true });
  }

  #recorded(): Pick<ScriptResult, 'calls' | 'composeFiles'> {
    const lines = existsSync(this.#calls) ? readFileSync(this.#calls, 'utf8').trimEnd().split('\n') : [];
    return {
      calls: lines
        .filter((_, at) => at % 2 === 1)
        .map((call) => call.replace(/^compose /, '').replace(/crm-deploy-\d+-/, 'crm-deploy-N-')),
      composeFiles: [...new Set(lines.filter((_, at) => at % 2 === 0))],
    };
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
