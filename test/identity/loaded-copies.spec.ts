import { DuplicateVersionError } from '../../libs/backfill/src/identity/duplicate-version.error.ts';
import { assertOneVersion } from '../../libs/backfill/src/identity/loaded-copies.ts';
import { PACKAGE_VERSION } from '../../libs/backfill/src/identity/package-version.ts';

/** The place where every loaded copy of the library registers itself. */
const copies = (globalThis as { [key: symbol]: unknown })[Symbol.for('nestjs-backfill:loaded-copies')] as Map<
  string,
  string
>;
const OTHER = '/application/node_modules/other/node_modules/nestjs-backfill/dist';

describe('copies of the library in one application', () => {
  afterEach(() => void copies.delete(OTHER));

  it('are refused if their versions differ, with both versions, their folders and the remedy', () => {
    copies.set(OTHER, '0.0.9');
    expect(assertOneVersion).toThrow(DuplicateVersionError);
    expect(assertOneVersion).toThrow(`0.0.9 in ${OTHER}`);
    expect(assertOneVersion).toThrow(`${PACKAGE_VERSION} in `);
    expect(assertOneVersion).toThrow('npm ls nestjs-backfill');
  });

  it('work together if they have the same version, e.g. the builds for require and import', () => {
    copies.set(OTHER, PACKAGE_VERSION);
    expect(assertOneVersion).not.toThrow();
  });
});
