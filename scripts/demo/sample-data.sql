-- A realistic CRM: leads of 50 tenants of very different sizes, with three calls per lead on average. Some leads have
-- no calls. The rows are the same each time, because a hash of the row's number replaces random numbers.
-- Run this first: SELECT set_config('demo.leads', '100000', false)

CREATE FUNCTION pg_temp.lead_count() RETURNS bigint IMMUTABLE LANGUAGE sql
  RETURN current_setting('demo.leads')::bigint;

-- A number from 0 to 1 (exclusive) for the nth row; another seed gives another number.
CREATE FUNCTION pg_temp.dice(n bigint, seed bigint) RETURNS double precision IMMUTABLE LANGUAGE sql
  RETURN (hashint8extended(n, seed) & 2147483647) / 2147483648.0;

CREATE FUNCTION pg_temp.pick(choices text[], n bigint, seed bigint) RETURNS text IMMUTABLE LANGUAGE sql
  RETURN choices[1 + floor(pg_temp.dice(n, seed) * cardinality(choices))::int];

INSERT INTO tenants (name)
SELECT
  pg_temp.pick(ARRAY['Nordlicht', 'Café Olé', 'Blue Harbour', 'Šimon & Söhne', 'Aurélien', 'Green Field', 'São Jorge'], n, 1)
    || ' ' || pg_temp.pick(ARRAY['GmbH', 'Ltd', 'S.A.', 'AB', 'Inc', 'Sp. z o.o.'], n, 2) || ' ' || n
FROM generate_series(1, 50) n
ORDER BY n;

-- Zipf's law: the second tenant is half as large as the first, the fiftieth a fiftieth of it.
WITH size AS (SELECT n, 1.0 / n AS weight FROM generate_series(1, 50) n),
  bounds AS (
    SELECT array_agg(upper ORDER BY n) AS uppers
    FROM (SELECT n, (sum(weight) OVER (ORDER BY n) / sum(weight) OVER ())::double precision AS upper FROM size) u
  ),
  person AS (
    SELECT
      n,
      least(50, 1 + width_bucket(pg_temp.dice(n, 3), uppers)) AS tenant,
      pg_temp.pick(ARRAY[
        'José', 'Zoë', 'Łukasz', 'Søren', 'François', 'Ağca', 'Björn', 'Ana María', 'Nguyệt', 'Jürgen', 'Siân', 'Þóra',
        'Émilie', 'Radosław', 'İpek', 'Chloé', 'Mary', 'John', 'Anna', 'Peter', 'Wei', 'Fatima', 'Liam', 'Olga'], n, 4) AS first_name,
      pg_temp.pick(ARRAY[
        'Müller', 'García', 'Łukasiewicz', 'Øystein', 'Lefèvre', 'Yıldız', 'Åkesson', 'Nuñez', 'Trần', 'Weiß', 'Dvořák',
        'Đorđević', 'O’Brien', 'D’Angelo', 'Smith', 'Jones', 'Brown', 'Chen', 'Khan', 'Silva', 'van der Berg', 'Kowalski'], n, 5) AS last_name
    FROM generate_series(1, pg_temp.lead_count()) n, bounds
  )
INSERT INTO leads (tenant_id, first_name, last_name, email, created_at)
SELECT tenant, first_name, last_name, 'lead' || n || '@example.com',
  timestamptz '2022-01-01 UTC' + interval '1400 days' * (n::double precision / pg_temp.lead_count())
FROM person
ORDER BY n;

-- One lead in six has no calls. The calls are distributed unevenly over the other leads.
CREATE TEMPORARY TABLE called ON COMMIT DROP AS
SELECT id, created_at, row_number() OVER (ORDER BY id) AS place
FROM leads
WHERE pg_temp.dice(id, 6) > 1.0 / 6;

INSERT INTO call_logs (lead_id, direction, outcome, duration_seconds, called_at)
SELECT
  called.id,
  CASE WHEN pg_temp.dice(n, 8) < 0.4 THEN 'inbound' ELSE 'outbound' END,
  outcome,
  CASE WHEN outcome = 'answered' THEN 10 + floor(pg_temp.dice(n, 9) * 1200)::int ELSE 0 END,
  called.created_at + interval '90 days' * pg_temp.dice(n, 10)
FROM
  generate_series(1, 3 * pg_temp.lead_count()) n
  JOIN called
    ON called.place = 1 + floor(pg_temp.dice(n, 7) ^ 1.5 * (SELECT count(*) FROM called))::bigint
  CROSS JOIN LATERAL (
    SELECT CASE
      WHEN pg_temp.dice(n, 11) < 0.02 THEN 'test'
      WHEN pg_temp.dice(n, 11) < 0.62 THEN 'answered'
      WHEN pg_temp.dice(n, 11) < 0.80 THEN 'voicemail'
      ELSE 'missed'
    END AS outcome
  ) o
ORDER BY n;
