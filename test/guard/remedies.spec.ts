import { allFindings } from '../../libs/guard/src/check/outcome.ts';
import { checkFiles, REMEDIES, RULES } from '../../libs/guard/src/index.ts';
import { Project } from './support.ts';

describe('the example of each rule', () => {
  let project: Project;

  beforeEach(() => {
    project = new Project();
  });

  afterEach(() => {
    project.remove();
  });

  const IMPORTS = `import { execDml } from 'tools';
import { setNotNull } from 'nestjs-backfill';
import { dropColumn } from 'nestjs-backfill/steps';
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
`;

  const rulesOf = async (code: string): Promise<readonly string[]> => {
    const file = project.write('1757000000000-example.ts', `${IMPORTS}${code}`);
    const timeline = code.includes('@Entity');
    const report = await checkFiles({ paths: [file], timeline, ...(timeline ? { sources: [file] } : {}) });
    const compared = (report.timeline?.subjects ?? []).flatMap(({ findings }) => findings);
    return [...report.migrations.flatMap(allFindings), ...compared].map(({ rule }) => rule);
  };

  it.each(RULES)('%s: the rule refuses its dangerous migration', async (rule) => {
    expect(await rulesOf(REMEDIES[rule].refused)).toContain(rule);
  });

  it.each(RULES.filter((rule) => REMEDIES[rule].instead.includes('SchemaMigration')))(
    '%s: the migration to write instead is clean',
    async (rule) => {
      expect(await rulesOf(REMEDIES[rule].instead)).toEqual([]);
    },
  );
});
