export const STEP_012 = `
-- What was proved: a fingerprint of the pending predicate, valid if proved_at is completed_at. Two releases may declare
-- different predicates under one name and version, e.g. during a rolling deployment.
ALTER TABLE {{schema}}.backfill ADD COLUMN proved_declaration text;
ALTER TABLE {{schema}}.backfill ADD COLUMN proved_at timestamptz;
`;
