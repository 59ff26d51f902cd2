import { INSTALL_LIMIT_MS, PackedLibraries } from '../support/packages/packed.ts';
import { MATRIX, titleOf, type Cell } from './cells.ts';
import { expectWorkingApplication } from './promises.ts';
import { OtherVersions } from './versions.ts';

describe('an application as Nest generates it, with the library installed', () => {
  let libraries: PackedLibraries;
  let versions: OtherVersions;

  beforeAll(async () => {
    libraries = await PackedLibraries.pack();
    versions = new OtherVersions(libraries.folder);
  }, INSTALL_LIMIT_MS);
  afterAll(async () => {
    await versions.close();
    await libraries.remove();
  });

  it.each(MATRIX.map((cell) => [titleOf(cell), cell] as const))(
    'compiles, runs its backfill, and passes its own tests: %s',
    async (_, cell) => {
      await expectWorkingApplication(cell, {
        libraries,
        ...(cell.postgres ? { serverUrl: await versions.server(cell.postgres) } : {}),
        ...(cell.node ? { node: await versions.node(cell.node) } : {}),
      });
    },
    INSTALL_LIMIT_MS,
  );
});

describe('the matrix', () => {
  it('has each value of each part at least twice', () => {
    const parts = ['nest', 'typeorm', 'modules', 'builder', 'tests', 'node', 'postgres'] as const;
    const counts = new Map<string, number>();
    for (const cell of MATRIX)
      for (const part of parts) {
        const value = `${part} ${String(cell[part satisfies keyof Cell])}`;
        counts.set(value, (counts.get(value) ?? 0) + 1);
      }
    expect([...counts].filter(([, count]) => count < 2)).toEqual([]);
  });
});
