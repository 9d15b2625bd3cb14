-- The same rows on every shard, so that a guild is read wherever it is needed.
CREATE TABLE guilds (
  id BIGINT NOT NULL PRIMARY KEY,
  name VARCHAR(64) NOT NULL,
  motto VARCHAR(255) NOT NULL DEFAULT '',
  founded_at DATETIME(3) NOT NULL
);
