export const STEP_005 = `
-- Where the time of a running backfill goes, as its process reported it last: what limits the run, and milliseconds for
-- each batch. The process writes it when the limit changes, and every few seconds.
ALTER TABLE {{schema}}.backfill ADD COLUMN pace jsonb, ADD COLUMN pace_at timestamptz;
`;
