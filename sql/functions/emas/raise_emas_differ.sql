-- raise_emas_differ: the error of a state that its vectors contradict.
--   p_id, p_what   asset; timeframe or variant
-- Returns   nothing (declared float8[] so that it can stand where a vector is computed).
-- Errors    always TA030.
-- Rule      a refresh never guesses; a full rebuild works from the days and always repairs it.
CREATE OR REPLACE FUNCTION raise_emas_differ(p_id int, p_what text)
RETURNS float8[]
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
    RAISE EXCEPTION USING
        ERRCODE = 'TA030',
        MESSAGE = format('asset %s, EMAs of %s: state and vectors disagree', p_id, p_what),
        DETAIL = 'emas_state tells of vectors that are missing or of another length, '
            'or there are vectors that it does not tell of.',
        HINT = format('Build them again: SELECT * FROM refresh_emas(%s, ''all'', p_full => true);', p_id);
END;
$$;
