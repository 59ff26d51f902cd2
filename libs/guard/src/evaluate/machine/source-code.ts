import type { ParsedModule } from '../../source/parsed-module.js';
import type { Site } from '../values/value.types.js';
import type { CallSite } from './machine.types.js';

interface Span {
  readonly start: number;
  readonly end: number;
}

export function siteOf(node: Span, module: ParsedModule): Site {
  return { source: module.source, start: node.start, end: node.end };
}

const MAX_EXPRESSION_LENGTH = 80;

/** The code of a node on one line, shortened for messages. */
export function codeOf(node: Span, module: ParsedModule): string {
  const code = module.source
    .slice(node.start, Math.min(node.end, node.start + MAX_EXPRESSION_LENGTH * 3))
    .replace(/\s+/g, ' ')
    .trim();
  return code.length > MAX_EXPRESSION_LENGTH ? `${code.slice(0, MAX_EXPRESSION_LENGTH - 1)}…` : code;
}

/** The code of one argument of a call. */
export function argumentCode({ node, context }: CallSite, index: number): string | undefined {
  const argument = node.type === 'TaggedTemplateExpression' ? undefined : node.arguments[index];
  return argument && codeOf(argument, context.module);
}

/** A call that the code does not contain, e.g. the call of a getter or of `up` by TypeORM. */
export function impliedCall(span: Span): CallSite['node'] {
  const { start, end } = span;
  return {
    type: 'CallExpression',
    callee: { type: 'ThisExpression', start, end },
    arguments: [],
    optional: false,
    start,
    end,
  };
}
