import { readFileSync } from 'node:fs';
import { readmeBlocks } from '../../support/applications/readme.ts';
import { TimelineProject } from './support.ts';

const PAGE = 'docs/guard/timeline.md';

describe('the page on --timeline', () => {
  let project: TimelineProject;

  beforeAll(() => {
    project = new TimelineProject();
    for (const { title, text } of readmeBlocks(PAGE)) if (title) project.write(title, text);
  });

  afterAll(() => {
    project.remove();
  });

  it('shows findings as the command prints them', async () => {
    const { code, out } = await project.guard('--timeline');
    const shown = readmeBlocks(PAGE).find(({ language }) => language === 'text')?.text ?? '';
    const lines = shown.trimEnd().split('\n');
    expect(lines).toHaveLength(5);
    for (const line of lines) expect(out).toContain(line.replace(/^src/, `${project.root}/src`).trimEnd());
    expect(code).toBe(1);
  });

  it('is clean when the entity follows the migrations', async () => {
    const entity = readFileSync(project.path('src/lead.entity.ts'), 'utf8');
    project.write(
      'src/lead.entity.ts',
      entity.replace(/ {2}@Column\('text', { nullable: true }\)\n.*\n\n?/g, ''),
    );
    expect(await project.timeline()).toEqual({ code: 0, findings: [] });
  });
});
