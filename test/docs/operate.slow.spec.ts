import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { metrics } from '@opentelemetry/api';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { Backfill, type SetBackfill } from 'nestjs-backfill';
import ts from 'typescript';
import { IsNull } from 'typeorm';
import { parse } from 'yaml';
import { Stage } from '../support/applications/stage.ts';
import { addLeads, Lead, LEAD_TABLES } from '../support/tables/lead-tables.ts';

const PROJECT = join(import.meta.dirname, '../..');
const textOf = (file: string) => readFileSync(join(PROJECT, file), 'utf8');

@Backfill<Lead>({ name: 'names', entity: Lead, where: { searchName: IsNull() } })
class Names implements SetBackfill<Lead> {
  set() {
    return { searchName: 'lower(name)' };
  }
}

describe('docs/operate.md', () => {
  it.each(['docs/operate.md', 'libs/dashboard/README.md'])('has code that compiles: %s', async (page) => {
    const blocks = [...textOf(page).matchAll(/^```ts.*?\n(.*?)^```/gms)].map(([, code = '']) => code);
    expect(blocks.length).toBeGreaterThan(0);
    const folder = await mkdtemp(join(PROJECT, 'test/.docs-'));
    const files = blocks.map((_, at) => join(folder, `block-${at}.ts`));
    await Promise.all(files.map((file, at) => writeFile(file, blocks[at] ?? '')));
    const program = ts.createProgram(files, {
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      target: ts.ScriptTarget.ES2023,
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
      strict: true,
      skipLibCheck: true,
      noEmit: true,
      types: ['node'],
    });
    const problems = ts
      .getPreEmitDiagnostics(program)
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
    await rm(folder, { recursive: true });
    expect(problems).toEqual([]);
  });
});

describe('the recipe for Prometheus', () => {
  const exporter = new PrometheusExporter({ port: 0, host: '127.0.0.1', preventServerStart: true });
  const provider = new MeterProvider({ readers: [exporter] });
  beforeAll(() => void metrics.setGlobalMeterProvider(provider));
  const stage = Stage.for({ entities: LEAD_TABLES, backfills: [Names] });
  afterAll(async () => {
    await provider.shutdown();
    metrics.disable();
  });

  it('exports every metric that the alerts and the dashboard of Grafana name', async () => {
    await addLeads(stage.database, 5);
    await stage.run('names');
    const { createServer } = await import('node:http');
    const server = createServer((request, response) => exporter.getMetricsRequestHandler(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const scrape = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    server.close();
    expect(scrape).toMatch(/backfill_rows_total\{.*backfill_name="names".*\} 5/);
    const { groups } = parse(textOf('docs/operate/alerts.yml')) as {
      groups: { rules: { expr: string }[] }[];
    };
    const { panels } = JSON.parse(textOf('docs/operate/grafana.json')) as {
      panels: { targets: { expr: string }[] }[];
    };
    const expressions = [
      ...groups.flatMap(({ rules }) => rules.map(({ expr }) => expr)),
      ...panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
    ];
    const named = new Set(
      expressions.flatMap((expr) =>
        [...expr.matchAll(/\bbackfill_(?!name|status"|status=|outcome|throttle\b)\w+/g)].map(
          ([name]) => name,
        ),
      ),
    );
    expect(named.size).toBeGreaterThan(4);
    // No throttle has held the run, and no row was counted as pending.
    const absent = [...named].filter((name) => !scrape.includes(name));
    expect(absent.filter((name) => !/throttled|pending/.test(name))).toEqual([]);
  });
});
