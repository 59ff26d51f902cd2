import type { DataFinding } from 'nestjs-backfill-sql';
import { bare, camelCase, entityNameOf, kebabCase } from '../names.js';
import type { Draft, Proposal } from '../proposal.types.js';
import { ROW } from '../row-references.js';
import { backfillClass, template } from './backfill-class.js';

/** A copy backfill for INSERT … SELECT, CREATE TABLE AS and SELECT INTO. */
export function copyProposal(draft: Draft, sql: DataFinding, target: string): Proposal {
  const into = entityNameOf(target);
  const values = selectList(sql.text);
  const properties = sql.set.map(
    ({ column }, index) => `      ${camelCase(column)}: ${template(values[index] ?? `${ROW}."${column}"`)},`,
  );
  return backfillClass(draft, {
    kind: 'copy',
    suffix: ['to', bare(target)],
    options: [`  into: ${into},`, ...(sql.where ? [`  where: ${template(sql.where.text)},`] : [])],
    implemented: `CopyBackfill<${draft.entity}, ${into}>`,
    body: ['  copy() {', '    return {', ...properties, '    };', '  }'],
    types: ['CopyBackfill'],
    imports: [`import { ${into} } from '../entities/${kebabCase(into)}.entity.js';`],
  });
}

/** The expressions of a simple `SELECT a, b FROM`; none for a select list with calls, literals or DISTINCT. */
function selectList(sql: string): readonly string[] {
  const list = /\bselect\s+(?!distinct)([^]*?)\bfrom\b/i.exec(sql)?.[1];
  if (list === undefined || /[()']/.test(list)) return [];
  return list.split(',').map((item) => item.trim().replace(/\s+as\s+"?\w+"?$/i, ''));
}
