export const STEP_010 = `
-- How often rows became pending again after the completion, in transitions that were pruned.
ALTER TABLE {{schema}}.backfill ADD COLUMN pruned_drifts bigint NOT NULL DEFAULT 0;
`;
