import ts from 'typescript';
import { scopeOf } from './operators.mjs';

/** Where the probes of a spec's run note the functions that ran. */
export const HITS = '__mutationHits';

/**
 * The same program, which notes each of its functions that runs, and that the module was loaded.
 *
 * @param {string} path of the file, as the notes name it
 * @param {string} text
 * @returns {string}
 */
export function withProbes(path, text) {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  /** @type {{ at: number, code: string }[]} */
  const probes = [];
  /** @param {ts.Node} node */
  const visit = (node) => {
    if (ts.isFunctionLike(node) && 'body' in node && node.body) {
      const { body } = node;
      const scope = scopeOf(body);
      if (scope && ts.isBlock(body)) probes.push({ at: body.getStart() + 1, code: `${probe(path, scope)};` });
      else if (scope) {
        probes.push({ at: body.getStart(), code: `(${probe(path, scope)}, ` });
        probes.push({ at: body.getEnd(), code: ')' });
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  let changed = text;
  // Of two probes at one place, the later one stands in the inner function.
  for (const { at, code } of probes.reverse().sort((a, b) => b.at - a.at))
    changed = changed.slice(0, at) + code + changed.slice(at);
  return `${changed}\n${probe(path, '')};\n`;
}

/** @param {string} path @param {string} scope */
function probe(path, scope) {
  return `globalThis.${HITS}?.add(${JSON.stringify(`${path}|${scope}`)})`;
}
