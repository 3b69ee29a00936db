-- Days that their source stamped at the opening get the closing time as stamp.
UPDATE load_staging
SET "timestamp" = timeclose
WHERE "timestamp" = timeopen AND timeclose > "timestamp"
