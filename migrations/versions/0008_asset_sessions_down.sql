DROP TYPE computed_block;
DROP TYPE computed_vector;
DROP TYPE computed_bar;
DROP TYPE asset_sessions;
