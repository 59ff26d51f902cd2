import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { run } from '../../libs/guard/src/cli/run.ts';

/** A temporary project on disk, and the command for it. */
export class Project {
  readonly root = mkdtempSync(join(tmpdir(), 'guard-project-'));

  write(path: string, text: string): string {
    const file = join(this.root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    return file;
  }

  migration(body: string, name = '1757000000000-example.ts'): string {
    return this.write(
      `src/migrations/${name}`,
      `export class Example extends SchemaMigration {\n  async up(queryRunner) {\n${body}\n  }\n  async down() {}\n}\n`,
    );
  }

  link(target: string, path: string): void {
    symlinkSync(target, join(this.root, path));
  }

  path(path: string): string {
    return join(this.root, path);
  }

  async run(
    command: string,
    ...args: readonly string[]
  ): Promise<{ code: number; out: string; error: string }> {
    let out = '';
    let error = '';
    const console = {
      out: (text: string) => void (out += text),
      error: (text: string) => void (error += text),
      colour: false,
    };
    const code = await run([command, ...args], console);
    return { code, out, error };
  }

  guard(...args: readonly string[]): Promise<{ code: number; out: string; error: string }> {
    return this.run('check', this.path('src/migrations'), '--baseline', this.path('baseline.json'), ...args);
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}
