-- name: hero.get :one
-- One hero by id.
-- @shard :heroId
-- @param heroId bigint example=1
SELECT id, name, gold, updated_at FROM heroes WHERE id = :heroId;

-- name: hero.create :exec
-- A new hero; the id is the game's own.
-- @shard :heroId
-- @param heroId bigint min=1 example=100
-- @param name string maxlen=64 example=Aria
INSERT INTO heroes (id, name) VALUES (:heroId, :name);

-- name: hero.add_gold :exec
-- Gives gold, or takes it where the amount is negative.
-- @shard :heroId
-- @param heroId bigint example=1
-- @param amount bigint example=50
UPDATE heroes SET gold = gold + :amount WHERE id = :heroId;
