import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const NEST = `${ROOT}/node_modules/@nestjs/cli/bin/nest.js`;

/** The output and the exit code of a process. */
export interface ProcessResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningProcess {
  readonly child: ChildProcess;
  /** Resolves when the process and all processes that it started have closed their output. */
  readonly ended: Promise<ProcessResult>;
  /** Waits until the process has printed this text on stdout or stderr. Rejects if it ends before. */
  printed(text: string): Promise<void>;
}

/**
 * The example application, or an application under test/fixtures, started as a user starts it, with the built
 * library.
 */
export class FixtureApp {
  #folder: string;
  readonly #entry: string;

  /** An application in another folder, which has the library in its own `node_modules`. */
  static at(folder: string, entry: string): FixtureApp {
    const app = new FixtureApp(undefined, entry);
    app.#folder = folder;
    return app;
  }

  /**
   * @param name its folder under test/fixtures; the example application if left out
   * @param entry the program to start, relative to the folder
   */
  constructor(name?: string, entry = 'dist/main.js') {
    this.#entry = entry;
    this.#folder = name === undefined ? ROOT : `${ROOT}/test/fixtures/${name}`;
    if (!existsSync(`${ROOT}/libs/backfill/dist/plugin.js`)) {
      throw new Error('The library is not built: run `npm run build:lib` first.');
    }
  }

  /** Starts the Nest command line, e.g. `nest(['start', '--backfill'])`. */
  nest(parameters: readonly string[], env: NodeJS.ProcessEnv = {}): RunningProcess {
    return this.#spawn([NEST, ...parameters], env);
  }

  /** Starts the application itself. */
  node(parameters: readonly string[], env: NodeJS.ProcessEnv = {}): RunningProcess {
    return this.#spawn([this.#entry, ...parameters], env);
  }

  #spawn(parameters: readonly string[], env: NodeJS.ProcessEnv): RunningProcess {
    const child = spawn(process.execPath, parameters, {
      cwd: this.#folder,
      env: { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const output = { stdout: '', stderr: '' };
    const onOutput = new Set<() => void>();
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (chunk: string) => {
        output[name] += chunk;
        onOutput.forEach((check) => check());
      });
    }
    const ended = new Promise<ProcessResult>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => resolve({ code, ...output }));
    });
    const printed = (text: string): Promise<void> =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          if (!output.stdout.includes(text) && !output.stderr.includes(text)) return;
          onOutput.delete(check);
          resolve();
        };
        onOutput.add(check);
        check();
        ended.then(
          () =>
            reject(
              new Error(`The process ended without printing "${text}":\n${output.stdout}${output.stderr}`),
            ),
          reject,
        );
      });
    return { child, ended, printed };
  }
}
