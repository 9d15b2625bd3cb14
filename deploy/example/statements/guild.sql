-- name: guild.get :one
-- One guild by id; every shard holds them all.
-- @shard any
-- @param guildId bigint example=1
-- @cache guilds ttl=5m tags=guild:{guildId}
SELECT id, name, motto, founded_at FROM guilds WHERE id = :guildId;
