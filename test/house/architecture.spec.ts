import { dirname } from 'node:path';
import { circles, sourceFiles, type SourceFile } from '../support/import-graph.ts';

/** The rooms of the runtime, from the ground floor up. A room imports rooms below it only. */
const FLOORS = [
  ['errors', 'text'],
  ['postgres', 'options', 'identity'],
  ['ledger', 'data-sources'],
  ['report'],
  ['backfills', 'migrations', 'indexes'],
  ['deploy', 'operate', 'schedule'],
  ['one-shot'],
  ['entry-points', 'testing', 'schematics'],
] as const;

const PACKAGES = {
  'libs/sql/src': [],
  'libs/dashboard/src': [
    'nestjs-backfill',
    'nestjs-backfill/errors',
    'nestjs-backfill/operate',
    'nestjs-backfill/reports',
  ],
  'libs/guard/src': ['nestjs-backfill-sql', 'nestjs-backfill-sql/tree'],
  'libs/backfill/src': ['nestjs-backfill-sql'],
} as const;

const MAX_FILES_PER_FOLDER = 15;

const libraries = Object.keys(PACKAGES).flatMap(sourceFiles);
const runtime = libraries.filter(({ path }) => path.startsWith('libs/backfill/src/'));

/** The room of a file of the runtime; undefined for the files at its root, which compose the rooms. */
function roomOf(path: string): string | undefined {
  const [, room] = /^libs\/backfill\/src\/([^/]+)\//.exec(path) ?? [];
  return room;
}

function floorOf(room: string): number {
  return FLOORS.findIndex((rooms) => (rooms as readonly string[]).includes(room));
}

function importsAcross(file: SourceFile): { readonly from: string; readonly to: string | undefined }[] {
  const from = roomOf(file.path);
  if (from === undefined) return [];
  return file.files.map((path) => ({ from, to: roomOf(path) })).filter(({ to }) => to !== from);
}

describe('the architecture', () => {
  it('finds every file of the libraries', () => {
    expect(libraries.length).toBeGreaterThan(300);
    expect(
      libraries.filter(({ files, packages }) => files.length + packages.length > 0).length,
    ).toBeGreaterThan(250);
  });

  it('has no circle of files, not even of types', () => {
    expect(circles(libraries)).toEqual([]);
  });

  it('notices a circle', () => {
    const file = (path: string, ...files: string[]): SourceFile => ({ path, text: '', files, packages: [] });
    expect(circles([file('a', 'b'), file('b', 'c'), file('c', 'a'), file('d', 'a')])).toEqual([
      ['a', 'b', 'c'],
    ]);
  });

  it('has a floor for every room of the runtime', () => {
    const rooms = new Set(runtime.map(({ path }) => roomOf(path)).filter((room) => room !== undefined));
    expect([...rooms].filter((room) => floorOf(room) < 0)).toEqual([]);
  });

  it('has no import of a higher floor, and none of the files that compose the rooms', () => {
    const upward = runtime.flatMap((file) =>
      importsAcross(file)
        .filter(({ from, to }) => to === undefined || floorOf(to) > floorOf(from))
        .map(({ to }) => `${file.path} → ${to ?? 'the root'}`),
    );
    expect(upward).toEqual([]);
  });

  it('keeps the three phases apart', () => {
    const phases = ['backfills', 'migrations', 'indexes'];
    const crossing = runtime.flatMap((file) =>
      importsAcross(file)
        .filter(({ from, to }) => phases.includes(from) && to !== undefined && phases.includes(to))
        .map(({ to }) => `${file.path} → ${String(to)}`),
    );
    expect(crossing).toEqual([]);
  });

  it('keeps the ground floor free of imports from other rooms', () => {
    const ground = runtime.flatMap((file) =>
      importsAcross(file)
        .filter(({ from }) => floorOf(from) === 0)
        .map(({ to }) => `${file.path} → ${to ?? 'the root'}`),
    );
    expect(ground).toEqual([]);
  });

  it.each(Object.entries(PACKAGES))(
    'lets %s meet other packages at their entry points only',
    (folder, allowed) => {
      const files = libraries.filter(({ path }) => path.startsWith(`${folder}/`));
      const outside = files.flatMap(({ path, files: imported }) =>
        imported.filter((file) => !file.startsWith(`${folder}/`)).map((file) => `${path} → ${file}`),
      );
      expect(outside).toEqual([]);
      const ours = files.flatMap(({ packages }) =>
        packages.filter((name) => name.startsWith('nestjs-backfill')),
      );
      expect([...new Set(ours)].filter((name) => !(allowed as readonly string[]).includes(name))).toEqual([]);
    },
  );

  it('has at most 15 files in a folder', () => {
    const counts = new Map<string, number>();
    for (const { path } of libraries) counts.set(dirname(path), (counts.get(dirname(path)) ?? 0) + 1);
    expect([...counts].filter(([, count]) => count > MAX_FILES_PER_FOLDER)).toEqual([]);
  });

  it('states every statement on a table of the ledger in ledger/', () => {
    const tables =
      /schema\}\.(?:backfill|transition|range|skipped_row|quarantined_row|tenant_progress|deploy_lease|online_index|control|catch_up|sample|event|event_subscriber|event_delivery|v_\w+)\b/;
    const outside = runtime.filter(({ path, text }) => roomOf(path) !== 'ledger' && tables.test(text));
    expect(outside.map(({ path }) => path)).toEqual([]);
    expect(runtime.some(({ path, text }) => roomOf(path) === 'ledger' && tables.test(text))).toBe(true);
  });
});
