-- action_rank: how strong an action is: what a refresh of several things is called by its strongest.
--   p_action   rebuild, backfill, revise, append or noop
-- Returns   1 for the strongest .. 5; NULL for another name.
-- Errors    none.   Cost  constant; inlined.   Rule  what reads more days is stronger.
CREATE OR REPLACE FUNCTION action_rank(p_action text)
RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN array_position(ARRAY['rebuild', 'backfill', 'revise', 'append', 'noop'], p_action);
