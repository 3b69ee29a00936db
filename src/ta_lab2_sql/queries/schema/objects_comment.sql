-- What a file has made says in \d+ and \df+ what it is.
DO $comment$
DECLARE
    v_made text;
BEGIN
    FOREACH v_made IN ARRAY (SELECT objects FROM ta_lab2_objects WHERE path = {path}) LOOP
        EXECUTE 'COMMENT ON ' || v_made || ' IS ' || quote_nullable({sentence});
    END LOOP;
END;
$comment$;
