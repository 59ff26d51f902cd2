import { Project } from '../support.ts';
import { Recorded } from '../recorded/recorded.ts';
import { REFUSED } from './refused-shapes.ts';
import { MOVED, TABLES } from './shapes.ts';

/** `WRITE_RECORDED=1` writes the file anew: review the difference. */
const recorded = new Recorded('extracted.txt');
afterAll(() => recorded.end());

describe('what extract writes stays as in extracted.txt', () => {
  let project: Project;
  beforeEach(() => {
    project = new Project();
    project.write('package.json', '{ "type": "module" }');
    project.write('src/migrations/1750000000000-tables.sql', TABLES);
  });
  afterEach(() => project.remove());

  const SHAPES: readonly (readonly [string, string])[] = [
    ...Object.entries(MOVED),
    ...Object.entries(REFUSED).map(([name, [up]]) => [`refused: ${name}`, up] as const),
  ];

  it.each(SHAPES)('%s', async (name, up) => {
    const { out, error, code } = await project.run('extract', project.migration(up));
    recorded.expect(name, `exit code ${code}\n${out}\n${error}`.replaceAll(project.root, ''));
  });
});
