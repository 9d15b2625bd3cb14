-- name: event.append :exec
-- Records something that happened to a player.
-- @shard :playerId
-- @param playerId bigint example=42
-- @param kind string maxlen=64 example=login
-- @param payload json default={} example={"from":"lobby"}
-- @param at datetime default=now()
INSERT INTO event_log (player_id, kind, payload, at) VALUES (:playerId, :kind, :payload, :at);

-- name: event.list :many
-- A player's latest events, the newest first. They can be in any of the table's partitions.
-- @shard :playerId
-- @param playerId bigint example=42
-- @param limit int min=1 max=500 default=50 example=10
-- @column payload json
-- @allow full-scan
SELECT id, kind, payload, at FROM event_log
WHERE player_id = :playerId
ORDER BY at DESC, id DESC
LIMIT :limit;
