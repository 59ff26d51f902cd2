import type { Audit, AuditRow, Count } from './audit.model.js';

const STYLE = `
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; margin: 0 2rem 1rem 0; }
th, td { text-align: left; padding: .2rem .8rem .2rem 0; border-bottom: 1px solid color-mix(in srgb, currentColor 20%, transparent); }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
.counts { display: flex; flex-wrap: wrap; align-items: flex-start; }
pre { overflow-x: auto; padding: .6rem; background: color-mix(in srgb, currentColor 7%, transparent); }
.HIGH { color: #c62828; } .MEDIUM { color: #b26a00; } .LOW { color: #2e7d32; }
details > summary { cursor: pointer; }
progress { width: 100%; height: 1.2rem; }
`;

/** The audit as one page that loads nothing: no script, font or linked file. */
export function htmlReport(audit: Audit): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Data changes in migrations</title>
<style>${STYLE}</style>
</head>
<body>
<h1>Data changes in migrations</h1>
<p>${escape(audit.headline)}.</p>
${burnDown(audit)}
<div class="counts">
${counts('severity', audit.severities)}
${counts('kind', audit.kinds)}
${counts('table', audit.tables)}
</div>
<h2>Violations</h2>
${audit.rows.length === 0 ? '<p>None.</p>' : audit.rows.map(violation).join('\n')}
${listing(
  'Undecided',
  audit.open.map((item) => `${place(item)}: ${escape(item.message)}`),
)}
${listing('Files that could not be checked', audit.problems.map(escape))}
</body>
</html>
`;
}

function burnDown({ burnDown: burn }: Audit): string {
  if (!burn) return '';
  const done = Math.max(0, burn.initial - burn.remaining);
  return `<h2>Burn-down</h2>
<p><label>${String(burn.remaining)} of ${String(burn.initial)} grandfathered violations remain <progress max="${String(Math.max(1, burn.initial))}" value="${String(done)}"></progress></label></p>`;
}

function counts(head: string, items: readonly Count[]): string {
  const rows = items
    .map(({ name, count }) => `<tr><td>${escape(name)}</td><td class="number">${String(count)}</td></tr>`)
    .join('');
  return `<table><thead><tr><th scope="col">${head}</th><th scope="col">violations</th></tr></thead><tbody>${rows}</tbody></table>`;
}

function violation(item: AuditRow): string {
  const extract =
    item.extract === undefined ? '' : `<p>Move it into a backfill: <code>${escape(item.extract)}</code></p>`;
  return `<section>
<h3><span class="${item.severity}">${item.severity}</span> ${escape(item.rule)} in ${place(item)}</h3>
<p>${escape(item.message)}: ${escape(item.reason)}.${item.status === 'grandfathered' ? ' Grandfathered.' : ''}</p>
<pre><code>${escape(item.statement)}</code></pre>
${extract}
</section>`;
}

function listing(title: string, items: readonly string[]): string {
  return items.length === 0
    ? ''
    : `<h2>${title}</h2>\n<ul>${items.map((item) => `<li>${item}</li>`).join('')}</ul>`;
}

function place({ file, line, direction }: AuditRow): string {
  return `<code>${escape(file)}:${String(line)}</code>${direction === '' ? '' : ` (${direction})`}`;
}

function escape(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');
}
