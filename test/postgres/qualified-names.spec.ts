import { readdirSync, readFileSync } from 'node:fs';
import ts from 'typescript';

const ROOT = 'libs/backfill/src';
/** The SQL of released steps never changes. They call these functions without arguments, which nothing fits better. */
const RELEASED = /^ledger\/schema\/00[1-4]-/;
/** SQL that people read and paste. The library does not send it. */
const FOR_PEOPLE = /^(backfills\/pending\/proof-query|migrations\/migration\.error)\.ts:/;
const SQL = /\b(SELECT|FROM|WHERE|WITH|UPDATE|INSERT|DELETE|CASE WHEN)\b/;
/** With several arrays, PostgreSQL's grammar itself means pg_catalog.unnest, and accepts no schema. */
const SEVERAL_ARRAYS = /^unnest\(\$\d::\w+\[\], /;

interface SqlText {
  readonly place: string;
  readonly text: string;
}

/** Every string and template of the library. */
function stringsOf(file: string): SqlText[] {
  const source = ts.createSourceFile(
    file,
    readFileSync(`${ROOT}/${file}`, 'utf8'),
    ts.ScriptTarget.Latest,
    true,
  );
  const found: SqlText[] = [];
  const visit = (node: ts.Node): void => {
    if (
      ts.isStringLiteral(node) ||
      ts.isNoSubstitutionTemplateLiteral(node) ||
      ts.isTemplateExpression(node)
    ) {
      const { line } = source.getLineAndCharacterOfPosition(node.getStart());
      found.push({ place: `${file}:${line + 1}`, text: literalText(node) });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** The text without the expressions of a template. */
function literalText(
  node: ts.StringLiteral | ts.NoSubstitutionTemplateLiteral | ts.TemplateExpression,
): string {
  return ts.isTemplateExpression(node)
    ? [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)].join('$')
    : node.text;
}

describe('the SQL of the library', () => {
  const files = readdirSync(ROOT, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );
  const texts = files.filter((file) => !RELEASED.test(file)).flatMap(stringsOf);
  const qualified = new Set(
    texts.flatMap(({ text }) =>
      [...text.matchAll(/pg_catalog\.([a-z_0-9]+)\(/g)].map(([, name]) => String(name)),
    ),
  );

  it('names the schema of each function of PostgreSQL, so that a function of the same name in public is not called', () => {
    expect(qualified.size).toBeGreaterThan(80);
    const unqualified = texts
      .filter(({ place, text }) => SQL.test(text) && !FOR_PEOPLE.test(place))
      .flatMap(({ place, text }) =>
        [...text.matchAll(/(?<![\w.$"])([a-z_][a-z0-9_]*)\(/g)]
          .filter(
            ({ index, 1: name }) => qualified.has(String(name)) && !SEVERAL_ARRAYS.test(text.slice(index)),
          )
          .map(([, name]) => `${place} ${name}`),
      );
    expect(unqualified).toEqual([]);
  });
});
