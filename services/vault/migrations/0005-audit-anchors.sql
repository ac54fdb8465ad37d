-- oldest code: 2

-- Anchors as they were published, for whoever verifies and has no other copy. What proves them is outside of here.
CREATE TABLE audit_anchors (
  position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  run      text NOT NULL,
  sequence bigint NOT NULL,
  hash     text NOT NULL UNIQUE,
  named    boolean NOT NULL, -- by a later one
  anchor   json NOT NULL,
  UNIQUE (run, sequence)
);
CREATE INDEX audit_anchors_not_named ON audit_anchors (position) WHERE NOT named;

-- How far each chain is anchored. Only a hint as to what remains to be done.
CREATE TABLE audit_anchored (
  writer   text PRIMARY KEY,
  position bigint NOT NULL,
  hash     bytea NOT NULL
);

GRANT SELECT, INSERT ON audit_anchors TO :app;
GRANT UPDATE (named) ON audit_anchors TO :app;
GRANT SELECT, INSERT, UPDATE ON audit_anchored TO :app;
