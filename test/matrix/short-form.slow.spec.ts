import { INSTALL_LIMIT_MS, PackedLibraries, registryProblem } from '../support/packages/packed.ts';
import { SHORT_FORM, titleOf } from './cells.ts';
import { expectWorkingApplication } from './promises.ts';

describe('an application as Nest generates it, with the library installed', () => {
  let libraries: PackedLibraries;
  let problem: string | null;

  beforeAll(async () => {
    libraries = await PackedLibraries.pack();
    problem = await registryProblem();
    if (problem !== null) console.warn(`Skipped, because the npm registry cannot be reached: ${problem}`);
  }, INSTALL_LIMIT_MS);
  afterAll(() => libraries.remove());

  it.each(SHORT_FORM.map((cell) => [titleOf(cell), cell] as const))(
    'compiles, runs its backfill, and passes its own tests: %s',
    async (_, cell) => {
      if (problem === null) await expectWorkingApplication(cell, { libraries });
    },
    INSTALL_LIMIT_MS,
  );
});
