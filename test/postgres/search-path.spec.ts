import { randomUUID } from 'node:crypto';
import { Backfill } from 'nestjs-backfill';
import { UnsafeSearchPathError } from 'nestjs-backfill/errors';
import { Column, Entity, IsNull, PrimaryColumn } from 'typeorm';
import { TestApplication } from '../support/applications/application.ts';
import { TestDatabase } from '../support/server/database.ts';

@Entity('notes')
class Note {
  @PrimaryColumn('int')
  id!: number;

  @Column({ type: 'text', nullable: true })
  text!: string | null;
}

@Backfill<Note>({ name: 'note-texts', entity: Note, where: { text: IsNull() } })
class NoteTexts {
  set() {
    return { text: `'none'` };
  }
}

/** Everything that the library would call by an operator or a view of `public`. */
const SHADOWS = `CREATE TABLE public.trace (who text); GRANT INSERT ON public.trace TO public;
  CREATE FUNCTION public.equal(a text, b text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO public.trace VALUES (current_user); RETURN a OPERATOR(pg_catalog.=) b; END $$;
  CREATE OPERATOR public.= (LEFTARG = text, RIGHTARG = text, FUNCTION = public.equal);
  CREATE FUNCTION public.viewed() RETURNS int LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO public.trace VALUES (current_user); RETURN 1; END $$;
  CREATE VIEW public.pg_stat_progress_vacuum AS SELECT public.viewed() AS pid`;

describe('a search_path that names pg_catalog after another schema', () => {
  let database: TestDatabase;
  let plain: TestDatabase;
  let application: TestApplication | undefined;
  const other = `other_${randomUUID().slice(0, 8)}`;

  beforeEach(async () => {
    database = await TestDatabase.create();
    plain = await database.asPlainRole();
    await database.query(`REVOKE CREATE ON SCHEMA public FROM PUBLIC; CREATE TABLE notes (id int PRIMARY KEY, text text);
      INSERT INTO notes SELECT n FROM generate_series(1, 20) AS n;
      ALTER TABLE notes OWNER TO "${new URL(plain.url).username}"; CREATE ROLE "${other}";
      ALTER DATABASE ${database.name} SET search_path = public, pg_catalog`);
  });
  afterEach(async () => {
    await application?.stop();
    application = undefined;
    await database.query(`DROP OWNED BY "${other}" CASCADE; DROP ROLE "${other}"`);
    await database.drop();
  });

  async function start(): Promise<TestApplication> {
    application = await TestApplication.start({
      database: plain,
      entities: [Note],
      backfills: [NoteTexts],
      synchronize: false,
    });
    return application;
  }
  const run = async () => (await (await start()).service.run()).backfills[0];

  it('fails a run before another role could execute code as its role, and says what to do', async () => {
    await database.query(
      `GRANT CREATE ON SCHEMA public TO "${other}"; GRANT USAGE ON SCHEMA public TO PUBLIC`,
    );
    await database.query(`SET ROLE "${other}"; ${SHADOWS}`);
    const report = await run();
    expect(report).toMatchObject({ status: 'failed', updated: 0 });
    expect(report?.reason).toMatch(
      /search_path of the role "plain_\w+" names "public" before pg_catalog[^]*→ [^]*ALTER ROLE "plain_\w+" SET search_path/,
    );
    await expect((application as TestApplication).service.plan()).rejects.toThrow(UnsafeSearchPathError);
    expect(await database.query('SELECT FROM public.trace')).toEqual([]);
  });

  it('fails a run also if another role may no longer create objects there, but has left some', async () => {
    await database.query(`GRANT CREATE ON SCHEMA public TO "${other}"`);
    await database.query(`SET ROLE "${other}"; ${SHADOWS}`);
    await database.query(`REVOKE CREATE ON SCHEMA public FROM "${other}"`);
    expect(await run()).toMatchObject({ status: 'failed', updated: 0 });
    expect(await database.query('SELECT FROM public.trace')).toEqual([]);
  });

  it('is accepted if no other role can create anything in that schema', async () => {
    await database.query(`CREATE FUNCTION public.lower(text) RETURNS text LANGUAGE sql AS 'SELECT $1'`);
    expect(await run()).toMatchObject({ status: 'complete', updated: 20 });
  });

  it('is accepted if pg_catalog comes first after all: the schemas before it do not exist', async () => {
    await database.query(
      `GRANT CREATE ON SCHEMA public TO PUBLIC; ALTER DATABASE ${database.name} SET search_path = "$user", pg_catalog, public`,
    );
    expect(await run()).toMatchObject({ status: 'complete', updated: 20 });
  });
});
