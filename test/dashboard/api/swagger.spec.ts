import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { Backfill, type SetBackfill } from 'nestjs-backfill';
import { IsNull } from 'typeorm';
import { openApiDocument } from '../../../libs/dashboard/src/api/openapi.document.ts';
import { DashboardApp } from '../../support/applications/dashboard.ts';
import { Lead } from '../../support/tables/lead-tables.ts';

@Backfill<Lead>({ name: 'names', entity: Lead, where: { searchName: IsNull() } })
class Names implements SetBackfill<Lead> {
  set() {
    return { searchName: 'lower(name)' };
  }
}

interface Operation {
  readonly summary: string;
  readonly parameters: readonly { readonly name: string }[];
  readonly responses: Readonly<Record<string, object>>;
}
type Paths = Readonly<Record<string, Readonly<Record<string, Operation>>>>;

describe('an application with @nestjs/swagger', () => {
  let dashboard: DashboardApp;
  let paths: Paths;

  beforeAll(async () => {
    dashboard = await DashboardApp.start({ backfills: [Names] });
    const document = SwaggerModule.createDocument(dashboard.app, new DocumentBuilder().build());
    ({ paths } = document as unknown as { paths: Paths });
  });
  afterAll(() => dashboard.stop());

  it('has each operation of the API in its own document, with the same parameters and statuses', () => {
    const own = (openApiDocument() as { paths: Paths }).paths;
    for (const [path, operations] of Object.entries(own))
      for (const [method, operation] of Object.entries(operations)) {
        const described = paths[`/backfills/api/v1${path}`]?.[method];
        expect({ path, summary: described?.summary }).toEqual({ path, summary: operation.summary });
        const names = (each: Operation | undefined) => each?.parameters.map(({ name }) => name).sort();
        expect({ path, parameters: names(described) }).toEqual({ path, parameters: names(operation) });
        const statuses = Object.keys(operation.responses);
        expect({ path, statuses: Object.keys(described?.responses ?? {}) }).toEqual({
          path,
          statuses: expect.arrayContaining(statuses) as string[],
        });
      }
  });

  it('has no page of the dashboard in it, and nothing that OpenAPI 3.0 does not have', () => {
    const others = Object.keys(paths).filter((path) => !path.startsWith('/backfills/api/v1/'));
    expect(others).toEqual([]);
    const text = JSON.stringify(paths);
    expect(text).not.toContain('"type":[');
    expect(text).not.toContain('#/components/schemas/');
    expect(text).toContain('"rowsPerSecond":{"type":"number","nullable":true}');
  });
});
