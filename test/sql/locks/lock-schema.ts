/** Rows of the large tables: more than the bound of 10,000. */
export const LARGE = 10_500;

/** The tables that the labelled statements change. `plans` is small, all others are large. */
export const LOCK_SCHEMA = `
  CREATE SCHEMA app;
  CREATE TYPE stage AS ENUM ('new', 'won');
  CREATE DOMAIN positive AS int CHECK (VALUE > 0);
  CREATE DOMAIN label AS text;
  CREATE FUNCTION app_token() RETURNS uuid LANGUAGE sql VOLATILE AS 'SELECT gen_random_uuid()';
  CREATE FUNCTION app_zero() RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 0';
  CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
  CREATE TABLE tenants (id bigint PRIMARY KEY, name text);
  CREATE TABLE leads (
    id bigint PRIMARY KEY, tenant_id bigint, email varchar(100), name varchar(50), note text, score int,
    amount numeric(10,2), at timestamp(3), seen timestamptz, stage stage DEFAULT 'new', code varchar(20) CHECK (code <> ''),
    span interval(3), ip cidr, flags varbit(8), room int, during tstzrange, checked text, level positive,
    old_id bigint NOT NULL, "createdAt" timestamptz NOT NULL DEFAULT now(),
    stated text, price numeric(8,2),
    CONSTRAINT leads_checked CHECK (checked IS NOT NULL), CONSTRAINT leads_stated CHECK (stated IS NOT NULL AND stated <> ''));
  CREATE TABLE calls (id bigint PRIMARY KEY, lead_id bigint, at timestamptz NOT NULL, direction text);
  CREATE TABLE numbered (id bigint GENERATED ALWAYS AS IDENTITY, name text);
  CREATE TABLE serials (id bigserial, name text);
  CREATE TABLE bare (id bigint, name text);
  CREATE TABLE loose (id bigint NOT NULL);
  CREATE TABLE app.archive (id bigint PRIMARY KEY, note text);
  CREATE TABLE plans (id int PRIMARY KEY, name varchar(10), note text);
  CREATE TABLE events (id bigint, at date NOT NULL) PARTITION BY RANGE (at);
  CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
  CREATE TABLE visits (id bigint, at date NOT NULL) PARTITION BY RANGE (at);
  CREATE TABLE visits_rest PARTITION OF visits DEFAULT;
  CREATE TABLE events_2026 (id bigint, at date NOT NULL);
  CREATE TABLE events_2027 (id bigint, at date NOT NULL CHECK (at >= '2027-01-01' AND at < '2028-01-01'));
  INSERT INTO tenants SELECT n, 'x' FROM generate_series(1, ${LARGE}) n;
  INSERT INTO leads (id, tenant_id, email, code, room, checked, stated, old_id)
    SELECT n, n, 'mail' || n, 'c', n, 'yes', 'yes', n FROM generate_series(1, ${LARGE}) n;
  INSERT INTO calls SELECT n, n, now(), 'in' FROM generate_series(1, ${LARGE}) n;
  INSERT INTO numbered (name) SELECT 'x' FROM generate_series(1, ${LARGE}) n;
  INSERT INTO serials (name) SELECT 'x' FROM generate_series(1, ${LARGE}) n;
  INSERT INTO bare SELECT n, 'x' FROM generate_series(1, ${LARGE}) n;
  INSERT INTO loose SELECT n FROM generate_series(1, ${LARGE}) n;
  INSERT INTO app.archive SELECT n, 'x' FROM generate_series(1, ${LARGE}) n;
  INSERT INTO plans SELECT n, 'x', 'x' FROM generate_series(1, 3) n;
  INSERT INTO visits_rest SELECT n, '2025-02-01' FROM generate_series(1, ${LARGE}) n;
  INSERT INTO events_2025 SELECT n, '2025-02-01' FROM generate_series(1, ${LARGE}) n;
  INSERT INTO events_2026 SELECT n, '2026-02-01' FROM generate_series(1, ${LARGE}) n;
  INSERT INTO events_2027 SELECT n, '2027-02-01' FROM generate_series(1, ${LARGE}) n;
  CREATE INDEX leads_email ON leads (email);
  CREATE INDEX leads_seen ON leads (at);
  CREATE INDEX plans_name ON plans (name);
  CREATE UNIQUE INDEX leads_old ON leads (old_id);
  CREATE UNIQUE INDEX bare_id ON bare (id);
  CREATE UNIQUE INDEX loose_id ON loose (id);
  CREATE SEQUENCE numbers;
  CREATE SEQUENCE app."Tickets";
  CREATE TABLE tickets (id bigint NOT NULL);
  ALTER TABLE tickets ALTER COLUMN id SET DEFAULT nextval('app."Tickets"'::regclass);
  CREATE VIEW open_leads AS SELECT id, name AS note FROM bare;
  CREATE MATERIALIZED VIEW lead_counts AS SELECT id, tenant_id FROM leads;
  CREATE UNIQUE INDEX lead_counts_id ON lead_counts (id);
  ALTER TABLE leads ADD CONSTRAINT leads_price CHECK (price > 0);
  ALTER TABLE leads ADD CONSTRAINT leads_name CHECK (name <> '') NOT VALID;
  ALTER TABLE leads ADD CONSTRAINT leads_score CHECK (score > 0) NOT VALID;
  ALTER TABLE events_2027 ADD CONSTRAINT events_2027_lead FOREIGN KEY (id) REFERENCES leads NOT VALID;
  ALTER TABLE calls ADD CONSTRAINT calls_lead FOREIGN KEY (lead_id) REFERENCES leads NOT VALID;
  CREATE TRIGGER touch_calls BEFORE UPDATE ON calls FOR EACH ROW EXECUTE FUNCTION touch();
`;
