import { compare } from './extracted-project.ts';
import { REFUSED } from './refused-shapes.ts';
import { MOVED, TABLES } from './shapes.ts';

describe('every shape of a statement', () => {
  it('has at least 40 shapes that move', () => {
    expect(Object.keys(MOVED).length).toBeGreaterThanOrEqual(40);
  });

  it.each(Object.entries(MOVED))('leaves the same rows as the migration: %s', async (_name, up) => {
    const { original, extracted, refusals, backfills } = await compare({ before: TABLES, up });
    expect(refusals).toBe('');
    expect(backfills.length).toBeGreaterThan(0);
    expect(extracted).toEqual(original);
  });

  it.each(Object.entries(REFUSED))('is refused with a reason: %s', async (_name, [up, reason]) => {
    const { original, extracted, refusals } = await compare({ before: TABLES, up });
    expect(refusals).toContain(reason);
    expect(extracted).toEqual(original);
  });
});
