import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

/** The result of a script that ran with the fake `docker`. */
export interface ScriptResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The arguments of the script's `docker compose` calls, in order. */
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
exit 0
`,
    );
    chmodSync(docker, 0o755);
  }

  run(script: string, parameters: readonly string[], options: FakeDockerOptions = {}): ScriptResult {
    const { failingCall = '', exitCode = 1, env = {} } = options;
    rmSync(this.#calls, { force: true });
    const { status, stdout, stderr } = spawnSync(script, parameters, {
      encoding: 'utf8',
      env: {
        ...process.env,
        PATH: [this.#folder, process.env['PATH']].join(delimiter),
        DOCKER_CALLS: this.#calls,
        DOCKER_FAILS: failingCall,
        DOCKER_CODE: String(exitCode),
        ...env,
      },
    });
    const lines = existsSync(this.#calls) ? readFileSync(this.#calls, 'utf8').trimEnd().split('\n') : [];
    return {
      code: status,
      stdout,
      stderr,
      calls: lines.filter((_, at) => at % 2 === 1).map((call) => call.replace(/^compose /, '')),
      composeFiles: [...new Set(lines.filter((_, at) => at % 2 === 0))],
    };
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
