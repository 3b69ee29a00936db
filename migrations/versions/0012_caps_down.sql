ALTER TABLE day_blocks DROP COLUMN caps;
