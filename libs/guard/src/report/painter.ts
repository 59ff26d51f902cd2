/** Styles text for a terminal, or leaves it plain. */
export interface Painter {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly green: (text: string) => string;
  readonly cyan: (text: string) => string;
}

const ESCAPE = '\u001b[';

export function painter({ colour }: { readonly colour: boolean }): Painter {
  const paint = (code: number) => (text: string) =>
    colour ? `${ESCAPE}${String(code)}m${text}${ESCAPE}0m` : text;
  return {
    bold: paint(1),
    dim: paint(2),
    red: paint(31),
    yellow: paint(33),
    green: paint(32),
    cyan: paint(36),
  };
}
