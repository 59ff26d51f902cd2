import type { Audit, AuditRow, Count } from './audit.model.js';

/** The audit for a pull request, a wiki or a ticket. */
export function markdownReport(audit: Audit): string {
  const lines = [
    '# Data changes in migrations',
    '',
    `${audit.headline}.`,
    '',
    ...table(['severity', 'violations'], audit.severities.map(row)),
    ...table(['kind', 'violations'], audit.kinds.map(row)),
    ...table(['table', 'violations'], audit.tables.map(row)),
  ];
  if (audit.burnDown) {
    const { initial, remaining, stale } = audit.burnDown;
    lines.push(
      '## Burn-down',
      '',
      `${String(remaining)} of ${String(initial)} grandfathered violations remain; ${String(Math.max(0, initial - remaining))} have moved out${stale > 0 ? `, ${String(stale)} of them still in the baseline` : ''}.`,
      '',
    );
  }
  lines.push('## Violations', '');
  for (const item of audit.rows) lines.push(...describe(item));
  if (audit.open.length > 0)
    lines.push(
      '## What could not be decided',
      '',
      ...audit.open.map((item) => `- ${place(item)}: ${escape(item.message)}`),
      '',
    );
  if (audit.problems.length > 0)
    lines.push(
      '## What could not be checked',
      '',
      ...audit.problems.map((problem) => `- ${escape(problem)}`),
      '',
    );
  return `${lines.join('\n').trimEnd()}\n`;
}

function describe(item: AuditRow): readonly string[] {
  const lines = [
    `### ${item.severity} ${item.rule} in ${place(item)}`,
    '',
    `${escape(item.message)}: ${escape(item.reason)}.${item.status === 'grandfathered' ? ' Grandfathered.' : ''}`,
    '',
    fence(item.statement, 'sql'),
    '',
  ];
  if (item.backfill !== undefined) lines.push('The backfill to write:', '', fence(item.backfill, 'ts'), '');
  return lines;
}

function place({ file, line, direction }: AuditRow): string {
  return `\`${file}:${String(line)}\`${direction === '' ? '' : ` (${direction})`}`;
}

function fence(code: string, language: string): string {
  const ticks = '`'.repeat(Math.max(3, ...[...code.matchAll(/`+/g)].map((match) => match[0].length + 1)));
  return `${ticks}${language}\n${code.trimEnd()}\n${ticks}`;
}

function row({ name, count }: Count): readonly string[] {
  return [escape(name), String(count)];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  return [
    `| ${head.join(' | ')} |`,
    `|${head.map(() => ' --- |').join('')}`,
    ...rows.map((cells) => `| ${cells.join(' | ')} |`),
    '',
  ];
}

function escape(text: string): string {
  return text.replace(/[\\|<>*_`]/g, '\\$&');
}
