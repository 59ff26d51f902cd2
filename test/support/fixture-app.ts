import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const NEST = `${ROOT}/node_modules/@nestjs/cli/bin/nest.js`;

/** What a command printed and how it ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that runs; `ended` waits until every process that it started has closed its output. */
export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Waits until the command has printed this, on stdout or stderr. */
  printed(text: string): Promise<void>;
}

/** An application under test/fixtures, or the example application, built and started as its user would, with the library as it was built. */
export class FixtureApp {
  readonly #folder: string;
  readonly #entry: string;

  /**
   * @param name its folder; the example application when left out
   * @param entry the program; what `nest build` makes of the application unless it needs no building
   */
  constructor(name?: string, entry = 'dist/main.js') {
    this.#entry = entry;
    this.#folder = name === undefined ? ROOT : `${ROOT}/test/fixtures/${name}`;
    if (!existsSync(`${ROOT}/libs/backfill/dist/plugin.js`)) {
      throw new Error('The library is not built: run `npm run build:lib` first.');
    }
  }

  /** The Nest command line, e.g. `nest('start', '--backfill')`. */
  nest(parameters: readonly string[], env: NodeJS.ProcessEnv = {}): Running {
    return this.#spawn([NEST, ...parameters], env);
  }

  /** The application itself. */
  node(parameters: readonly string[], env: NodeJS.ProcessEnv = {}): Running {
    return this.#spawn([this.#entry, ...parameters], env);
  }

  #spawn(parameters: readonly string[], env: NodeJS.ProcessEnv): Running {
    const child = spawn(process.execPath, parameters, {
      cwd: this.#folder,
      env: { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const output = { stdout: '', stderr: '' };
    const waiting = new Set<() => void>();
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (chunk: string) => {
        output[name] += chunk;
        waiting.forEach((look) => look());
      });
    }
    const ended = new Promise<Ended>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => resolve({ code, ...output }));
    });
    const printed = (text: string): Promise<void> =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (!output.stdout.includes(text) && !output.stderr.includes(text)) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
        ended.then(
          () => reject(new Error(`It ended without printing "${text}":\n${output.stdout}${output.stderr}`)),
          reject,
        );
      });
    return { child, ended, printed };
  }
}
