/**
 * Relative links, so that the dashboard works under any prefix of the application or of a proxy.
 *
 * Each page is at least one segment below the path of the dashboard.
 */
export class Links {
  readonly #toRoot: string;

  /** @param depth the number of segments of the page below the path of the dashboard, from 1 */
  constructor(pathname: string, depth: number) {
    // `a/b/` is one level deeper than `a/b` for a browser.
    const levels = pathname.endsWith('/') ? depth : depth - 1;
    this.#toRoot = levels === 0 ? './' : '../'.repeat(levels);
  }

  /** @param segments below the path of the dashboard */
  to(segments: readonly string[], query: Readonly<Record<string, string | undefined>> = {}): string {
    const path = segments.map((segment) => encodeURIComponent(segment)).join('/');
    const given = Object.entries(query).filter((entry): entry is [string, string] => Boolean(entry[1]));
    const search = new URLSearchParams(given).toString();
    return `${this.#toRoot}${path}${search === '' ? '' : `?${search}`}`;
  }
}

/**
 * The location of the first page, from the path of the dashboard itself.
 *
 * @param publicPath the path that the browser has, without slashes at its ends; null: that of the request
 */
export function locationOfOverview(pathname: string, publicPath: string | null): string {
  if (publicPath !== null) return `/${publicPath}/overview`;
  const last = pathname.split('/').filter(Boolean).at(-1) ?? '';
  return pathname.endsWith('/') ? './overview' : `./${last}/overview`;
}
