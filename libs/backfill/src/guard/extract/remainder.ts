import type * as ast from 'oxc-parser';
import { codeOfRange, type EnclosingStatement, enclosingStatement } from './enclosing-statement.js';
import type { Finding } from '../judge/finding.types.js';
import type { ParsedModule } from '../source/parsed-module.js';

export interface Remainder {
  readonly text: string;
  /** Findings that could not be cut out, because their statement also does something else. */
  readonly kept: readonly Finding[];
}

/** The migration without the statements of the findings, with a comment that names the backfill in the place of each. */
export function remainderOf(
  module: ParsedModule,
  findings: readonly { readonly finding: Finding; readonly backfill: string }[],
): Remainder {
  const kept: Finding[] = [];
  const cuts = new Map<number, { readonly cut: EnclosingStatement; readonly backfills: Set<string> }>();
  for (const { finding, backfill } of findings) {
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

/** One call that sends several statements cannot be cut out for one of them. */
function sendsMore(module: ParsedModule, node: ast.Node): boolean {
  const code = codeOfRange(module.source.text, node).replace(/'(?:[^']|'')*'/g, '');
  return /;\s*(?:\S[^]*?)?\b(?:alter|create|drop|comment|grant)\b/i.test(code);
}
