const COLUMN = 230;
const ROW = 44;
const TOP = 64;
const MARGIN = 24;

/** @typedef {{ from: string, to: string, text: string, isAnswer: boolean }} Message */
/** @typedef {{ over: string[], text: string }} Note */

/**
 * Draws a sequence diagram of Mermaid: `participant`, messages (`->>`, `-->>`) and `Note over`. Mermaid itself
 * needs a browser.
 *
 * @param {string} source
 * @returns {string} an SVG that is readable on a light and on a dark background
 */
export function sequencePicture(source) {
  const { participants, steps } = parsed(source);
  const names = [...participants.keys()];
  const width = MARGIN * 2 + names.length * COLUMN;
  const height = TOP + steps.length * ROW + MARGIN;
  const x = (/** @type {string} */ name) => MARGIN + (names.indexOf(name) + 0.5) * COLUMN;
  const lines = names.map(
    (
      name,
    ) => `<line x1="${x(name)}" y1="${TOP - 14}" x2="${x(name)}" y2="${height - 12}" stroke="#8b949e" stroke-dasharray="4 4"/>
<rect x="${x(name) - 92}" y="14" width="184" height="36" rx="6" fill="#dbeafe" stroke="#3b82f6"/>
${label(x(name), 37, participants.get(name) ?? name, 'bold')}`,
  );
  const drawn = steps.map((step, at) => {
    const y = TOP + (at + 0.7) * ROW;
    return 'over' in step ? note(step, y, x) : message(step, y, x);
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" font-family="system-ui, sans-serif" font-size="13">
<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 L8 4 L0 8 z" fill="#334155"/></marker></defs>
<rect width="${width}" height="${height}" rx="8" fill="#ffffff"/>
${[...lines, ...drawn].join('\n')}
</svg>
`;
}

/** @param {string} source */
function parsed(source) {
  /** @type {Map<string, string>} */
  const participants = new Map();
  /** @type {(Message | Note)[]} */
  const steps = [];
  for (const line of source.split('\n').map((each) => each.trim())) {
    const [, name, title] = /^participant (\w+)(?: as (.+))?$/.exec(line) ?? [];
    if (name) participants.set(name, title ?? name);
    const [, from, arrow, to, text] = /^(\w+)(-{1,2}>>)(\w+): (.+)$/.exec(line) ?? [];
    if (from && to && text) steps.push({ from, to, text, isAnswer: arrow === '-->>' });
    const [, over, words] = /^Note over ([\w, ]+): (.+)$/.exec(line) ?? [];
    if (over && words) steps.push({ over: over.split(/, */), text: words });
    const isKnown = name ?? from ?? over ?? ['', 'sequenceDiagram'].includes(line);
    if (!isKnown) throw new Error(`This line of a diagram is not understood: ${line}`);
  }
  return { participants, steps };
}

/** @param {Message} step @param {number} y @param {(name: string) => number} x */
function message({ from, to, text, isAnswer }, y, x) {
  const dashes = isAnswer ? ' stroke-dasharray="5 3"' : '';
  return `<line x1="${x(from)}" y1="${y}" x2="${x(to)}" y2="${y}" stroke="#334155" stroke-width="1.4"${dashes} marker-end="url(#head)"/>
${label((x(from) + x(to)) / 2, y - 7, text)}`;
}

/** @param {Note} step @param {number} y @param {(name: string) => number} x */
function note({ over, text }, y, x) {
  const places = over.map(x);
  const [left, right] = [Math.min(...places) - 104, Math.max(...places) + 104];
  return `<rect x="${left}" y="${y - 22}" width="${right - left}" height="32" rx="4" fill="#fef3c7" stroke="#d97706"/>
${label((left + right) / 2, y - 2, text)}`;
}

/** @param {number} x @param {number} y @param {string} text @param {string} [weight] */
function label(x, y, text, weight = 'normal') {
  const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return `<text x="${x}" y="${y}" text-anchor="middle" font-weight="${weight}" fill="#0f172a">${escaped}</text>`;
}
