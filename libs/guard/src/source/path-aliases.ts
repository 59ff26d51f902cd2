import { dirname, isAbsolute, join, resolve } from 'node:path';
import { type JsonValue, parseJsonWithComments } from './json-with-comments.js';

/** One `paths` entry of a tsconfig: `prefix*suffix` → folders. */
interface Alias {
  readonly prefix: string;
  readonly suffix: string;
  readonly hasWildcard: boolean;
  readonly targets: readonly string[];
}

interface Configuration {
  readonly aliases: readonly Alias[];
  readonly baseUrl?: string;
}

/** @returns the text of a file, or nothing when it cannot be read */
export type ReadFile = (path: string) => string | undefined;

const FILES = ['tsconfig.json', 'tsconfig.base.json', 'jsconfig.json'] as const;
const MAX_EXTENDS = 10;

/** Path aliases of the tsconfig files above a source file, nearest first. */
export class PathAliases {
  readonly #readFile: ReadFile;
  readonly #byDirectory = new Map<string, readonly Configuration[]>();

  constructor(readFile: ReadFile) {
    this.#readFile = readFile;
  }

  /** The absolute paths, without extension, that a bare specifier may mean. */
  candidates(specifier: string, fromFile: string): readonly string[] {
    const found: string[] = [];
    for (const configuration of this.#configurations(dirname(fromFile))) {
      for (const alias of configuration.aliases) {
        const rest = match(alias, specifier);
        if (rest !== undefined) found.push(...alias.targets.map((target) => target.replace('*', rest)));
      }
      if (configuration.baseUrl !== undefined) found.push(join(configuration.baseUrl, specifier));
    }
    return found;
  }

  #configurations(directory: string): readonly Configuration[] {
    const known = this.#byDirectory.get(directory);
    if (known) return known;
    const parent = dirname(directory);
    const own = FILES.map((file) => this.#load(join(directory, file), 0)).filter(
      (item) => item !== undefined,
    );
    const all = parent === directory ? own : [...own, ...this.#configurations(parent)];
    this.#byDirectory.set(directory, all);
    return all;
  }

  #load(path: string, depth: number): Configuration | undefined {
    const text = depth > MAX_EXTENDS ? undefined : this.#readFile(path);
    const json = text === undefined ? undefined : parseJsonWithComments(text);
    if (!isRecord(json)) return undefined;
    const directory = dirname(path);
    const options = isRecord(json['compilerOptions']) ? json['compilerOptions'] : {};
    const inherited = this.#inherited(json['extends'], directory, depth);
    const baseUrl =
      typeof options['baseUrl'] === 'string' ? resolve(directory, options['baseUrl']) : inherited?.baseUrl;
    const aliases = isRecord(options['paths'])
      ? toAliases(options['paths'], baseUrl ?? directory)
      : (inherited?.aliases ?? []);
    return baseUrl === undefined ? { aliases } : { aliases, baseUrl };
  }

  #inherited(extended: JsonValue | undefined, directory: string, depth: number): Configuration | undefined {
    const parents = Array.isArray(extended) ? (extended as readonly JsonValue[]) : [extended];
    for (const parent of [...parents].reverse()) {
      if (typeof parent !== 'string' || !(parent.startsWith('.') || isAbsolute(parent))) continue;
      const path = resolve(directory, parent);
      const loaded = this.#load(path, depth + 1) ?? this.#load(`${path}.json`, depth + 1);
      if (loaded) return loaded;
    }
    return undefined;
  }
}

function toAliases(paths: { readonly [key: string]: JsonValue }, base: string): readonly Alias[] {
  return Object.entries(paths).map(([pattern, targets]) => {
    const star = pattern.indexOf('*');
    return {
      prefix: star < 0 ? pattern : pattern.slice(0, star),
      suffix: star < 0 ? '' : pattern.slice(star + 1),
      hasWildcard: star >= 0,
      targets: (Array.isArray(targets) ? (targets as readonly JsonValue[]) : [])
        .filter((target) => typeof target === 'string')
        .map((target) => resolve(base, target)),
    };
  });
}

function match(alias: Alias, specifier: string): string | undefined {
  if (!alias.hasWildcard) return specifier === alias.prefix ? '' : undefined;
  const fits =
    specifier.startsWith(alias.prefix) &&
    specifier.endsWith(alias.suffix) &&
    specifier.length >= alias.prefix.length + alias.suffix.length;
  return fits ? specifier.slice(alias.prefix.length, specifier.length - alias.suffix.length) : undefined;
}

function isRecord(value: JsonValue | undefined): value is { readonly [key: string]: JsonValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
