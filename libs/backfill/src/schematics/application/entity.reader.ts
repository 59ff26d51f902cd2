import type ts from 'typescript';
import { snakeCase } from '../names.js';
import type { Application } from './application.js';
import type { EntityClass, EntityProperty } from './entity.types.js';
import { decoratorsOf, optionsIn, readProperty, unquoted } from './property.reader.js';

interface DeclaredClass {
  readonly file: string;
  readonly node: ts.ClassDeclaration;
}

/** Every entity of the application, read from its sources: nothing is loaded or run. */
export function readEntities(app: Application): readonly EntityClass[] {
  const { ts } = app;
  const classes = new Map<string, DeclaredClass>();
  const literals = new Map<string, string>();
  for (const file of app.files) {
    const text = app.text(file);
    if (
      !/@(?:Entity|Column|PrimaryColumn|PrimaryGeneratedColumn|CreateDateColumn)\b|\benum\b|\btype \w+ = /.test(
        text,
      )
    )
      continue;
    for (const statement of app.parse(file).statements) {
      if (ts.isClassDeclaration(statement) && statement.name)
        classes.set(statement.name.text, { file, node: statement });
      const literal = literalOf(app, statement);
      if (literal) literals.set(...literal);
    }
  }
  return [...classes]
    .map(([name, declared]) => entityOf(app, { name, declared, classes, literals }))
    .filter((entity) => entity !== undefined)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The first value of an enum, or of a type that is a union of literals, as code. */
function literalOf({ ts }: Application, statement: ts.Statement): [string, string] | undefined {
  if (ts.isEnumDeclaration(statement)) {
    const value = statement.members[0]?.initializer?.getText() ?? '0';
    return /^(?:['"\d])/.test(value) ? [statement.name.text, value] : undefined;
  }
  if (!ts.isTypeAliasDeclaration(statement)) return undefined;
  const [value] = /^(?:'[^']*'|"[^"]*")/.exec(statement.type.getText().replace(/^\|\s*/, '')) ?? [];
  return value === undefined ? undefined : [statement.name.text, value];
}

interface ClassParts {
  readonly name: string;
  readonly declared: DeclaredClass;
  readonly classes: ReadonlyMap<string, DeclaredClass>;
  readonly literals: ReadonlyMap<string, string>;
}

function entityOf(app: Application, parts: ClassParts): EntityClass | undefined {
  const { name, declared } = parts;
  const decorator = decoratorsOf(app.ts, declared.node).get('Entity');
  if (decorator === undefined) return undefined;
  const [first] = decorator;
  const given =
    first && app.ts.isStringLiteral(first) ? first.text : unquoted(optionsIn(app.ts, decorator).get('name'));
  return { name, file: declared.file, table: given ?? snakeCase(name), properties: propertiesOf(app, parts) };
}

/** Its own properties after those of the classes that it extends. */
function propertiesOf(
  app: Application,
  { name, declared, classes, literals }: ClassParts,
): readonly EntityProperty[] {
  const base = baseOf(app, declared.node);
  const known = base !== undefined && base !== name ? classes.get(base) : undefined;
  const inherited = known ? propertiesOf(app, { name: base ?? '', declared: known, classes, literals }) : [];
  const own = declared.node.members
    .map((member) => readProperty(app.ts, member, (type) => literals.get(type)))
    .filter((property) => property !== undefined);
  return [...inherited.filter((each) => own.every((other) => other.name !== each.name)), ...own];
}

function baseOf({ ts }: Application, node: ts.ClassDeclaration): string | undefined {
  const clause = node.heritageClauses?.find(({ token }) => token === ts.SyntaxKind.ExtendsKeyword);
  return clause?.types[0]?.expression.getText();
}
