export const at = (/** @type {number} */ place) => place.toFixed(1);

/** @param {number} x @param {number} y @param {string} content @param {string} [attributes] */
export const text = (x, y, content, attributes = '') =>
  `<text x="${at(x)}" y="${at(y)}" ${attributes}>${escape(content)}</text>`;

export const escape = (/** @type {string} */ content) =>
  content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/**
 * The frame of a chart: its size, title and subtitle.
 * @param {{ width: number, height: number, left: number, title: string, subtitle: string }} chart
 * @param {readonly string[]} parts
 */
export const drawing = ({ width, height, left, title, subtitle }, parts) =>
  `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" font-family="system-ui, sans-serif" font-size="13">`,
    `<title>${escape(title)}</title>`,
    `<rect width="${width}" height="${height}" rx="6" fill="#ffffff"/>`,
    text(left, 28, title, 'font-size="17" font-weight="600"'),
    text(left, 47, subtitle, 'fill="#555555"'),
    ...parts,
    '</svg>',
  ].join('\n')}\n`;
