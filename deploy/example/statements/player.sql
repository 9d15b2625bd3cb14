-- name: player.get :one
-- One player by id.
-- @shard :playerId
-- @param playerId bigint example=42
-- @cache players ttl=30s tags=player:{playerId}
-- @batch id = :playerId
SELECT id, name, level, xp, gold, version FROM players WHERE id = :playerId;

-- name: player.profile :one
-- A player's profile document, guild and time of the last change.
-- @shard :playerId
-- @param playerId bigint example=42
-- @cache players ttl=30s tags=player:{playerId}
-- @column profile json
SELECT id, guild_id, updated_at, profile FROM players WHERE id = :playerId;

-- name: player.create :exec
-- A new player of level 1 without gold; an id is made where the game gives none.
-- @shard :playerId
-- @param playerId bigint min=1 default=id() example=10001
-- @param name string maxlen=64 example=Aria
-- @invalidates player:{playerId}
INSERT INTO players (id, name) VALUES (:playerId, :name);

-- name: player.add_gold :exec
-- Gives gold, or takes it where the amount is negative; nobody's gold falls below 0.
-- @shard :playerId
-- @param playerId bigint example=42
-- @param amount bigint example=100
-- @invalidates player:{playerId}
UPDATE players SET gold = gold + :amount, version = version + 1 WHERE id = :playerId;

-- name: player.update_if_version :exec
-- Progress, written only if nobody changed the player since `version` was read: otherwise
-- affectedRows is 0.
-- @shard :playerId
-- @param playerId bigint example=42
-- @param version int min=1 example=1
-- @param level int min=1 max=1000 example=7
-- @param xp bigint min=0 example=1250
-- @invalidates player:{playerId}
UPDATE players SET level = :level, xp = :xp, version = version + 1
WHERE id = :playerId AND version = :version;
