/** The whole numbers that an option accepts. */
export interface NumberBounds {
  readonly min: number;
  readonly max: number;
  /** In the plural, e.g. `rows`. */
  readonly unit: string;
}

export function isWithin(value: unknown, { min, max }: NumberBounds): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max;
}

/** E.g. `a whole number of rows from 1 to 100000`. */
export function describeBounds({ min, max, unit }: NumberBounds): string {
  return `a whole number of ${unit} from ${min} to ${max}`;
}
