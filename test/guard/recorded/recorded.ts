import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const INDENT = '    ';

/** Results that are recorded in a file, each under its title. `WRITE_RECORDED=1` writes the file of a spec anew. */
export class Recorded {
  readonly #file: string;
  readonly #known = new Map<string, string>();
  readonly #written = new Map<string, string>();

  /** @param name of a file in this folder, or its URL */
  constructor(name: string | URL) {
    this.#file = fileURLToPath(new URL(name, import.meta.url));
    const text = existsSync(this.#file) ? readFileSync(this.#file, 'utf8') : '';
    for (const block of text.split(/\n(?=\S)/)) {
      const [title = '', ...lines] = block.trimEnd().split('\n');
      this.#known.set(title, lines.map((line) => line.slice(INDENT.length)).join('\n'));
    }
  }

  /** @throws if the result is another one than the recorded one */
  expect(name: string, result: string): void {
    const title = name.replace(/\s+/g, ' ');
    const text = result.replace(/[ \t]+$/gm, '').trimEnd();
    if (process.env['WRITE_RECORDED']) this.#written.set(title, text);
    else expect(text).toBe(this.#known.get(title));
  }

  /** After the last result. */
  end(): void {
    if (this.#written.size === 0) return;
    const blocks = [...this.#written].map(
      ([title, text]) => `${title}\n${text.replace(/^(?=.)/gm, INDENT)}\n`,
    );
    writeFileSync(this.#file, blocks.join(''));
  }
}
