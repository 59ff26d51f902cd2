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
    lines.push('## Burn-down', '', burnDownSentence(audit.burnDown), '');
  }
  lines.push('## Violations', '');
  for (const item of audit.rows) lines.push(...describe(item));
  if (audit.open.length > 0)
    lines.push(
      '## Undecided',
      '',
      ...audit.open.map((item) => `- ${place(item)}: ${escape(item.message)}`),
      '',
    );
  if (audit.problems.length > 0)
    lines.push(
      '## Files that could not be checked',
      '',
      ...audit.problems.map((problem) => `- ${escape(problem)}`),
      '',
    );
  return `${lines.join('\n').trimEnd()}\n`;
}

function burnDownSentence({ initial, remaining, stale }: NonNullable<Audit['burnDown']>): string {
  const removed = Math.max(0, initial - remaining);
  const sentences = [
    `${String(remaining)} of ${String(initial)} grandfathered violations remain.`,
    `${String(removed)} were removed from the migrations.`,
    ...(stale > 0 ? [`${String(stale)} entries of the baseline are stale.`] : []),
  ];
  return sentences.join(' ');
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
  if (item.extract !== undefined) lines.push('Move it into a backfill:', '', fence(item.extract, 'sh'), '');
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
