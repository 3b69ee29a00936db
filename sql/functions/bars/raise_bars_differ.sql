-- raise_bars_differ: the error of a state that its bars contradict.
--   p_id, p_what   asset; timeframe or group of bars
-- Errors    always TA030 (declared int so that it can stand where a row number is computed).
-- Rule      a refresh never guesses; a full rebuild works from raw and always repairs it.
CREATE OR REPLACE FUNCTION raise_bars_differ(p_id int, p_what text)
RETURNS int
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
    RAISE EXCEPTION USING
        ERRCODE = 'TA030',
        MESSAGE = format('asset %s, %s: state and bars disagree', p_id, p_what),
        DETAIL = 'bars_state tells of bars that are not there, or there are bars that it does not tell of.',
        HINT = format('Build it again: SELECT * FROM refresh_bars(%s, ''all'', p_full => true);', p_id);
END;
$$;
