import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readmeBlocks } from './readme.ts';

const WORKSPACE = fileURLToPath(new URL('../../..', import.meta.url));

/** The output and the exit code of a command. */
export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The pages that lead a reader through an application, step by step. */
export const STEP_PAGES = ['docs/install.md', 'docs/kinds.md'] as const;

/**
 * The application that a reader of the pages builds: the files of the pages and the entities of the CRM.
 * It is inside the workspace, so that it resolves `nestjs-backfill` to the built package.
 */
export class ReadmeApplication {
  private constructor(readonly folder: string) {}

  static create(): ReadmeApplication {
    const data = join(WORKSPACE, '.data');
    mkdirSync(data, { recursive: true });
    const application = new ReadmeApplication(mkdtempSync(join(data, 'readme-')));
    application.#writeFiles();
    return application;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  read(path: string): string {
    return readFileSync(join(this.folder, path), 'utf8');
  }

  write(path: string, text: string): void {
    const file = join(this.folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }

  /** Runs a line of a shell block. `npx` uses the packages of the workspace. */
  async run(command: string, env: NodeJS.ProcessEnv = {}): Promise<CommandResult> {
    const line = command.replace(/^npx /, '');
    const child = spawn('bash', ['-o', 'pipefail', '-c', line], {
      cwd: this.folder,
      env: {
        ...process.env,
        // The command must not inherit the options of the test runner.
        NODE_OPTIONS: '',
        ...env,
        PATH: [join(WORKSPACE, 'node_modules/.bin'), process.env['PATH']].join(delimiter),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk) => (stdout += String(chunk)));
    child.stderr.on('data', (chunk) => (stderr += String(chunk)));
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    return { code, stdout, stderr };
  }

  #writeFiles(): void {
    this.write('package.json', JSON.stringify({ name: 'readme', private: true, type: 'module' }));
    const compilerOptions = { rootDir: 'src', outDir: 'dist' };
    this.write(
      'tsconfig.json',
      JSON.stringify({ extends: '../../tsconfig.app.json', compilerOptions, include: ['src'] }),
    );
    for (const entity of ['tenant', 'lead', 'call-log']) {
      const file = `src/leads/${entity}.entity.ts`;
      cpSync(join(WORKSPACE, file), join(this.folder, file));
    }
    for (const { title, text } of STEP_PAGES.flatMap((page) => readmeBlocks(page)))
      if (title) this.write(title, text);
  }
}
