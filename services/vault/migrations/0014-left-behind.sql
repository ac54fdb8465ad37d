-- oldest code: 2

-- What a walk could not open, and so could not move: reported, and no reason to walk for ever.
ALTER TABLE rekeys ADD COLUMN left_behind bigint NOT NULL DEFAULT 0;
ALTER TABLE fingerprint_moves ADD COLUMN left_behind bigint NOT NULL DEFAULT 0;
