-- One row per hero, on the shard of the hero's id. A migration runs once on each shard: to change
-- a table later, add 002_….sql.
CREATE TABLE heroes (
  id BIGINT NOT NULL PRIMARY KEY,
  name VARCHAR(64) NOT NULL,
  gold BIGINT NOT NULL DEFAULT 0,
  updated_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3)
);
