import { compare } from './extracted-project.ts';
import { REFUSED } from './refused-shapes.ts';
import { MOVED, TABLES } from './shapes.ts';

/** Every fifth shape; the slow suite runs all of them. */
const some = <T>(shapes: Readonly<Record<string, T>>): [string, T][] =>
  Object.entries(shapes).filter((_, at) => at % 5 === 0);

describe('the backfill of an extracted migration', () => {
  it.each(some(MOVED))('leaves the same rows as the migration: %s', async (_name, up) => {
    const { original, extracted, refusals, backfills } = await compare({ before: TABLES, up });
    expect(refusals).toBe('');
    expect(backfills.length).toBeGreaterThan(0);
    expect(extracted).toEqual(original);
  });

  it.each(some(REFUSED))('is refused with a reason: %s', async (_name, [up, reason]) => {
    const { original, extracted, refusals } = await compare({ before: TABLES, up });
    expect(refusals).toContain(reason);
    expect(extracted).toEqual(original);
  });
});
