import type { Finding } from '../../../libs/guard/src/index.ts';

/** All that is known about findings, a line for each. @param root the folder of the files */
export function findingLines(findings: readonly Finding[], root: string): string {
  return findings
    .map(({ fingerprint: _fingerprint, sql, ...finding }) =>
      JSON.stringify({ ...finding, ...(sql && { via: sql.via, sources: sql.sources }) }),
    )
    .join('\n')
    .replaceAll(`${root}/`, '');
}
