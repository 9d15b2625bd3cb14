-- name: inventory.list :many
-- Everything that a player carries, by item.
-- @shard :playerId
-- @param playerId bigint example=10
-- @cache inventories ttl=30s tags=inventory:{playerId}
SELECT item_id, quantity, updated_at FROM inventory
WHERE player_id = :playerId AND quantity > 0
ORDER BY item_id;

-- name: inventory.add_item :exec
-- Adds to what a player has of an item; a negative quantity takes away, down to 0.
-- @shard :playerId
-- @param playerId bigint example=10
-- @param itemId string maxlen=64 example=potion
-- @param quantity bigint default=1 example=3
-- @invalidates inventory:{playerId}
INSERT INTO inventory (player_id, item_id, quantity) VALUES (:playerId, :itemId, :quantity)
ON DUPLICATE KEY UPDATE quantity = quantity + VALUES(quantity);

-- name: inventory.add_items :exec
-- Adds to what a player has of several items at once, all of them or none.
-- @shard :playerId
-- @param playerId bigint example=10
-- @param items rows(itemId string maxlen=64, quantity bigint) max=500
-- @invalidates inventory:{playerId}
INSERT INTO inventory (player_id, item_id, quantity)
VALUES (:playerId, :items.itemId, :items.quantity)
ON DUPLICATE KEY UPDATE quantity = quantity + VALUES(quantity);
