-- Take back what the other files make. Triggers go with their functions.
DROP TABLE content_entryqueue, content_searchqueue;

DO $$
DECLARE
    made text;
BEGIN
    FOR made IN
        SELECT oid::regprocedure FROM pg_proc
        WHERE pronamespace = current_schema()::regnamespace AND proname ~ '^(content|harmhub)_'
    LOOP
        EXECUTE format('DROP ROUTINE IF EXISTS %s CASCADE', made);
    END LOOP;
    FOR made IN SELECT oid::regconfig FROM pg_ts_config WHERE cfgname ~ '^harmhub_' LOOP
        EXECUTE format('DROP TEXT SEARCH CONFIGURATION %s', made);
    END LOOP;
END $$;
