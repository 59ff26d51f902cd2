import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { install, type PackedLibraries } from '../support/packages/packed.ts';
import type { Cell } from './cells.ts';
import { configurationOf, manifestOf } from './configuration.ts';
import { sourcesOf } from './sources.ts';

const run = promisify(execFile);
const MAX_OUTPUT_BYTES = 50_000_000;

/** The output and the exit code of a command. */
export interface CommandEnd {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** An application as Nest's generator makes it, with the packed library installed. */
export class GeneratedApplication {
  readonly #folder: string;
  readonly #cell: Cell;
  /** The program that runs the built application. */
  readonly #node: string;

  private constructor(folder: string, cell: Cell, node: string) {
    this.#folder = folder;
    this.#cell = cell;
    this.#node = node;
  }

  static async create(
    cell: Cell,
    {
      libraries,
      folder,
      node = process.execPath,
    }: { libraries: PackedLibraries; folder: string; node?: string },
  ): Promise<GeneratedApplication> {
    const { dependencies, devDependencies, ...manifest } = manifestOf(cell);
    await install(folder, {
      ...manifest,
      dependencies: { ...dependencies, ...libraries.dependencies('sql', 'backfill') },
      devDependencies: { ...devDependencies, ...libraries.dependencies('guard') },
    });
    for (const [path, text] of Object.entries({ ...configurationOf(cell), ...sourcesOf(cell) })) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text);
    }
    return new GeneratedApplication(folder, cell, node);
  }

  /** Checks the types, with the resolution of the application, and builds it. */
  async build(): Promise<CommandEnd> {
    const checked = await this.#run(process.execPath, ['node_modules/typescript/bin/tsc', '--noEmit'], {});
    if (checked.code !== 0 || this.#cell.builder === 'ts-node') return checked;
    return this.#run(process.execPath, [this.#bin('@nestjs/cli/bin/nest.js'), 'build'], {});
  }

  /** Starts the application with arguments, as in production. */
  async start(env: NodeJS.ProcessEnv, ...args: readonly string[]): Promise<CommandEnd> {
    const program =
      this.#cell.builder === 'ts-node' ? ['-r', 'ts-node/register', 'src/main.ts'] : ['dist/main.js'];
    return this.#run(this.#node, [...program, ...args], env);
  }

  /** `nest start`, which builds and starts it. */
  async nestStart(env: NodeJS.ProcessEnv, ...args: readonly string[]): Promise<CommandEnd> {
    return this.#run(process.execPath, ['node_modules/.bin/nest', 'start', ...args], env);
  }

  /** Runs its tests, as its script does. Jest loads the ES modules of Nest 12 with Node.js 24.9 or later. */
  async test(env: NodeJS.ProcessEnv): Promise<CommandEnd> {
    if (this.#cell.tests === 'vitest')
      return this.#run(this.#node, ['node_modules/vitest/vitest.mjs', 'run'], env);
    // The generator of Nest 12 writes this option, because Nest 12 has ES modules only.
    const options = this.#cell.nest === 12 ? ['--experimental-vm-modules'] : [];
    const jest = [...options, 'node_modules/jest/bin/jest.js', '--config', 'jest.config.json'];
    return this.#run(this.#node, jest, env);
  }

  #bin(path: string): string {
    return join('node_modules', path);
  }

  async #run(program: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<CommandEnd> {
    // Neither the options of the test runner nor its variables.
    const { NODE_OPTIONS: _, JEST_WORKER_ID: _id, NODE_ENV: _env, ...inherited } = process.env;
    const options = {
      cwd: this.#folder,
      maxBuffer: MAX_OUTPUT_BYTES,
      env: { ...inherited, ...env, PATH: [dirname(this.#node), process.env['PATH']].join(delimiter) },
    };
    return run(program, args, options).then(
      ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
      (error: CommandEnd) => error,
    );
  }
}
