import type * as ast from 'oxc-parser';
import { codeOfRange, type EnclosingStatement, enclosingStatement } from './enclosing-statement.js';
import type { Finding } from '../judge/finding.types.js';
import type { ParsedModule } from '../source/parsed-module.js';

export interface Remainder {
  readonly text: string;
  /** Findings that stay, because their statement also does something else. */
  readonly kept: readonly Finding[];
}

export interface Extracted {
  readonly finding: Finding;
  /** The backfill's name. */
  readonly backfill: string;
}

/** The migration without the statements of the findings. A comment with the backfill's name replaces each. */
export function remainderOf(module: ParsedModule, findings: readonly Extracted[]): Remainder {
  const kept: Finding[] = [];
  const cuts = new Map<number, { readonly cut: EnclosingStatement; readonly backfills: Set<string> }>();
  for (const { finding, backfill } of findings) {
    // The SQL is in a helper or a file, and the call may send other SQL too.
    if (finding.elsewhere) {
      kept.push(finding);
      continue;
    }
    const cut = enclosingStatement(
      module.program,
      finding.region.start,
      finding.rule === 'row-loop' ? 'loop' : 'statement',
    );
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

/** The same for an SQL file. A statement in a block or in a larger statement stays. */
export function sqlRemainderOf(text: string, findings: readonly Extracted[]): Remainder {
  const kept: Finding[] = [];
  let remainder = text;
  for (const { finding, backfill } of [...findings].sort(
    (a, b) => b.finding.region.start - a.finding.region.start,
  )) {
    const { sql, region } = finding;
    if (!sql || sql.via.length > 0 || sql.inCte || text.slice(region.start, region.end) !== sql.text) {
      kept.push(finding);
      continue;
    }
    const end = region.end + (/^\s*;/.exec(text.slice(region.end))?.[0].length ?? 0);
    remainder = `${remainder.slice(0, region.start)}-- data: ${backfill}${remainder.slice(end)}`;
  }
  return { text: remainder, kept };
}

/** The call also changes the schema, so it must stay. */
function sendsMore(module: ParsedModule, node: ast.Node): boolean {
  const code = codeOfRange(module.source.text, node).replace(/'(?:[^']|'')*'/g, '');
  return /;\s*(?:\S[^]*?)?\b(?:alter|create|drop|comment|grant)\b/i.test(code);
}
