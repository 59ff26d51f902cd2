import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

/** How a script ended that was run with it. */
export interface ScriptEnd {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** What the script asked of docker, in order: the words after `docker compose`. */
  readonly calls: readonly string[];
  /** The compose files of these calls, as docker compose reads them from the environment. */
  readonly composeFiles: readonly string[];
}

/** Stands in for `docker` on PATH: takes down what it is asked, and fails where it is told to. */
export class DockerStandIn {
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

  /** @param fails the call that has these words in it ends with `code` */
  run(
    script: string,
    parameters: readonly string[],
    fails = '',
    code = 1,
    env: NodeJS.ProcessEnv = {},
  ): ScriptEnd {
    rmSync(this.#calls, { force: true });
    const { status, stdout, stderr } = spawnSync(script, parameters, {
      encoding: 'utf8',
      env: {
        ...process.env,
        PATH: [this.#folder, process.env['PATH']].join(delimiter),
        DOCKER_CALLS: this.#calls,
        DOCKER_FAILS: fails,
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
