-- One row per player, on the shard of the player's id.
CREATE TABLE players (
  id BIGINT NOT NULL PRIMARY KEY,
  name VARCHAR(64) NOT NULL,
  level INT NOT NULL DEFAULT 1,
  xp BIGINT NOT NULL DEFAULT 0,
  gold BIGINT NOT NULL DEFAULT 0,
  guild_id BIGINT NULL,
  version INT NOT NULL DEFAULT 1,
  updated_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  profile JSON NULL,
  CONSTRAINT gold_not_negative CHECK (gold >= 0),
  KEY by_xp (xp DESC, id)
);

-- What a player carries, on the player's shard. Item ids are compared byte by byte.
CREATE TABLE inventory (
  player_id BIGINT NOT NULL,
  item_id VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  quantity BIGINT NOT NULL,
  updated_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  PRIMARY KEY (player_id, item_id),
  CONSTRAINT quantity_not_negative CHECK (quantity >= 0)
);
