import { basename, relative, sep } from 'node:path';

/**
 * Matches paths by globs. A glob is compared with the path relative to the working directory, and with the
 * file's name.
 */
export function pathFilter(globs: readonly string[]): (path: string) => boolean {
  const patterns = globs.map(globPattern);
  return (path) => {
    const relativePath = relative(process.cwd(), path).split(sep).join('/');
    return patterns.some((pattern) => pattern.test(relativePath) || pattern.test(basename(path)));
  };
}

/** `**` matches folders at any depth, `*` within one name, `?` one character. */
function globPattern(glob: string): RegExp {
  const source = glob
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*\*\/?|\*|\?/g, (wild) =>
      wild.startsWith('**') ? '(?:.*/)?' : wild === '*' ? '[^/]*' : '[^/]',
    );
  return new RegExp(`^(?:${source})$`);
}
