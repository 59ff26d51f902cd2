import type * as ast from 'oxc-parser';
import { codeOfRange, type EnclosingStatement, enclosingStatement } from './enclosing-statement.js';
import type { Finding } from '../judge/finding.types.js';
import type { ParsedModule } from '../source/parsed-module.js';

export interface Remainder {
  readonly text: string;
  /** Findings that could not be cut out, because their statement also does something else. */
  readonly kept: readonly Finding[];
}

export interface Extracted {
  readonly finding: Finding;
  /** The backfill's name. */
  readonly backfill: string;
}

/** The migration without the statements of the findings, with a comment that names the backfill in the place of each. */
export function remainderOf(module: ParsedModule, findings: readonly Extracted[]): Remainder {
  const kept: Finding[] = [];
  const cuts = new Map<number, { readonly cut: EnclosingStatement; readonly backfills: Set<string> }>();
  for (const { finding, backfill } of findings) {
    // What stands in a helper or an SQL file is sent by a call that may do more than this.
    if (finding.elsewhere) {
      kept.push(finding);
      continue;
    }
    const cut = enclosingStatement(module.program, finding.region.start, finding.rule === 'row-loop');
    if (!cut || (finding.rule !== 'row-loop' && sendsMore(module, cut.node))) {
      kept.push(finding);
      continue;
    }
    const known = cuts.get(cut.start);
    if (known) known.backfills.add(backfill);
    else cuts.set(cut.start, { cut, backfills: new Set([backfill]) });
  }
  let { text } = module.source;
  for (const { cut, backfills } of [...cuts.values()].sort((a, b) => b.cut.start - a.cut.start))
    text = `${text.slice(0, cut.start)}// data: ${[...backfills].join(', ')}${text.slice(cut.end)}`;
  return { text, kept };
}

/** The same for a file of SQL: a statement of its own is cut out, one inside a block or a larger statement is not. */
export function sqlRemainderOf(text: string, findings: readonly Extracted[]): Remainder {
  const kept: Finding[] = [];
  let rest = text;
  for (const { finding, backfill } of [...findings].sort(
    (a, b) => b.finding.region.start - a.finding.region.start,
  )) {
    const { sql, region } = finding;
    if (!sql || sql.via.length > 0 || sql.inCte || text.slice(region.start, region.end) !== sql.text) {
      kept.push(finding);
      continue;
    }
    const end = region.end + (/^\s*;/.exec(text.slice(region.end))?.[0].length ?? 0);
    rest = `${rest.slice(0, region.start)}-- data: ${backfill}${rest.slice(end)}`;
  }
  return { text: rest, kept };
}

/** One call that sends several statements cannot be cut out for one of them. */
function sendsMore(module: ParsedModule, node: ast.Node): boolean {
  const code = codeOfRange(module.source.text, node).replace(/'(?:[^']|'')*'/g, '');
  return /;\s*(?:\S[^]*?)?\b(?:alter|create|drop|comment|grant)\b/i.test(code);
}
