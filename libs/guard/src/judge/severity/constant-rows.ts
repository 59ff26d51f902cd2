/** A row of a list that people maintain is shorter. */
const MAX_ROW_LENGTH = 20_000;

/** Words that may stand among constants. */
const CONSTANT_WORDS = new Set(
  'true false null default array row current_timestamp current_date localtimestamp'.split(' '),
);

/**
 * Whether an INSERT adds constants: no parameters, no columns, no variables of PL/pgSQL, and nothing of the program.
 *
 * @param start `values (`, `select`, …
 * @param rest the text behind it, which also contains what follows the statement
 */
export function insertsConstants(start: string, rest: string): boolean {
  if (/^values/i.test(start)) return isConstant(partOf(rest));
  if (!/^select/i.test(start)) return false;
  const query = partOf(rest);
  return isConstant(query) && !/\bfrom\b/i.test(query?.code ?? '');
}

interface Part {
  readonly text: string;
  /** The text without strings and without what parentheses contain. */
  readonly code: string;
}

/** The text up to the parenthesis that closes the row, or up to the end of the statement. */
function partOf(rest: string): Part | undefined {
  let code = '';
  let depth = 0;
  for (let at = 0; at < Math.min(rest.length, MAX_ROW_LENGTH); at++) {
    const char = rest[at] ?? '';
    if (char === "'") {
      const end = rest.indexOf("'", at + 1);
      if (end < 0) return undefined;
      code += ' ';
      at = end;
    } else if (char === '(') {
      // The name of a called function is no column.
      if (depth === 0) code = code.replace(/[\w$."]+\s*$/, ' ');
      depth++;
    } else if (char === ')' && depth > 0) depth--;
    else if (char === ')' || char === ';' || char === '`') return { text: rest.slice(0, at), code };
    else if (depth === 0) code += char;
  }
  return rest.length > MAX_ROW_LENGTH ? undefined : { text: rest, code };
}

function isConstant(part: Part | undefined): boolean {
  if (!part || /\$\d|\$\{|' *\+/.test(part.text)) return false;
  const code = part.code
    .replace(/\b(?:where|on\s+conflict|returning)\b[^]*/i, ' ')
    .replace(/::\s*[\w$."]+(?:\s*\[\s*\])*/g, ' ')
    .replace(/\bas\s+(?:"[^"]+"|[\w$]+)/gi, ' ');
  if (/:\w/.test(code)) return false;
  const words = code.match(/"[^"]+"|[A-Za-z_$][\w$]*/g) ?? [];
  return words.every((word) => CONSTANT_WORDS.has(word.toLowerCase()));
}
