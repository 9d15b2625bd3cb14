-- name: leaderboard.top :many
-- The players with the most experience, of all shards.
-- @shard all
-- @param limit int min=1 max=100 default=10 example=10
-- @merge order=xp desc,id limit=:limit
SELECT id, name, level, xp FROM players ORDER BY xp DESC, id LIMIT :limit;
