/** Text that is HTML already. Only the tag `html` makes it. */
export class Html {
  readonly #text: string;

  /** @internal use the tag `html` */
  constructor(text: string) {
    this.#text = text;
  }

  toString(): string {
    return this.#text;
  }
}

/** What a template may contain. Null, undefined and false leave nothing. */
export type Content = Html | string | number | null | undefined | false | readonly Content[];

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
};

/** The parts of each template without the white space of its layout in the code. */
const collapsed = new WeakMap<TemplateStringsArray, readonly string[]>();

/**
 * A template that escapes every value, also in quoted attributes. The template itself is code; a value never becomes an
 * element, an attribute or a script.
 */
export function html(template: TemplateStringsArray, ...values: readonly Content[]): Html {
  const parts = partsOf(template);
  let text = parts[0] ?? '';
  values.forEach((value, at) => {
    text += render(value) + (parts[at + 1] ?? '');
  });
  return new Html(text);
}

function partsOf(template: TemplateStringsArray): readonly string[] {
  const known = collapsed.get(template);
  if (known) return known;
  const parts = template.map((part) => part.replace(/\s*\n\s*/g, '\n'));
  collapsed.set(template, parts);
  return parts;
}

function render(value: Content): string {
  if (value === null || value === undefined || value === false) return '';
  if (value instanceof Html) return value.toString();
  if (typeof value === 'object') return value.map(render).join('');
  return escape(String(value));
}

/** Control characters other than white space are shown, e.g. one that reverses the direction of the text. */
function escape(text: string): string {
  return text
    .replace(/[&<>"'`]/g, (character) => ENTITIES[character] ?? '')
    .replace(/(?![\t\n\r])[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, '\ufffd');
}
