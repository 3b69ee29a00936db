-- What files have made says in \d+ and \df+ what it is.
DO $comment$
DECLARE
    v_made record;
BEGIN
    FOR v_made IN
        SELECT u.object, f.sentence
        FROM (VALUES
            {sentences}
        ) AS f (path, sentence)
        INNER JOIN ta_lab2_objects AS o ON o.path = f.path
        CROSS JOIN LATERAL unnest(o.objects) AS u (object)
    LOOP
        EXECUTE 'COMMENT ON ' || v_made.object || ' IS ' || quote_literal(v_made.sentence);
    END LOOP;
END;
$comment$;
