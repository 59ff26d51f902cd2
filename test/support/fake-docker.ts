import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

/** The result of a script that ran with the stand-in. */
export interface ScriptResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The arguments of the script's `docker compose` calls, in order. */
  readonly calls: readonly string[];
  /** The different values of COMPOSE_FILE during these calls. */
  readonly composeFiles: readonly string[];
}

/** Replaces `docker` on PATH: records its calls, and fails where a test says so. */
export class FakeDocker {
  readonly #folder = mkdtempSync(join(tmpdir(), 'docker-stand-in-'));
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

  /** @param failing a call that contains this text exits with `code` */
  run(
    script: string,
    parameters: readonly string[],
    failing = '',
    code = 1,
    env: NodeJS.ProcessEnv = {},
  ): ScriptResult {
    rmSync(this.#calls, { force: true });
    const { status, stdout, stderr } = spawnSync(script, parameters, {
      encoding: 'utf8',
      env: {
        ...process.env,
        PATH: [this.#folder, process.env['PATH']].join(delimiter),
        DOCKER_CALLS: this.#calls,
        DOCKER_FAILS: failing,
        DOCKER_CODE: String(code),
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
