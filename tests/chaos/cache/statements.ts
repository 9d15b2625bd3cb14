/** Beside the example's `player.get` and `player.add_gold`: statements that are hard to cache. */
export const STATEMENTS = `
-- name: chaos.get_slowly :one
-- A player whose row is read at once and answered late, so that writes overtake it.
-- @shard :playerId
-- @param playerId bigint example=42
-- @cache players ttl=30s tags=player:{playerId}
SELECT id, version, SLEEP(0.05) AS slept FROM players WHERE id = :playerId;

-- name: chaos.get_after_long :one
-- A player whose answer is later than a lease is long.
-- @shard :playerId
-- @param playerId bigint example=42
-- @cache players ttl=30s tags=player:{playerId}
SELECT id, version, SLEEP(2.2) AS slept FROM players WHERE id = :playerId;

-- name: chaos.get_in_group :one
-- A player that belongs to one tag of its own and to one that others share.
-- @shard :playerId
-- @param playerId bigint example=42
-- @param groupId int example=7
-- @cache players ttl=30s tags=member:{playerId},group:{groupId}
SELECT id, version FROM players WHERE id = :playerId AND :groupId >= 0;

-- name: chaos.add_in_group :exec
-- A write that names the shared tag only.
-- @shard :playerId
-- @param playerId bigint example=42
-- @param groupId int example=7
-- @invalidates group:{groupId}
UPDATE players SET version = version + 1 WHERE id = :playerId AND :groupId >= 0;

-- name: chaos.add_returning :exec
-- A write of whose place in the binary log the database says nothing by itself.
-- @shard :playerId
-- @param playerId bigint example=42
-- @invalidates player:{playerId}
INSERT INTO players (id, name) VALUES (:playerId, '')
ON DUPLICATE KEY UPDATE version = version + 1
RETURNING version;

-- name: chaos.get_briefly :one
-- A player that may be a little old.
-- @shard :playerId
-- @param playerId bigint example=42
-- @cache players ttl=4s swr=2s tags=player:{playerId}
SELECT id, version FROM players WHERE id = :playerId;
`;

/** How old `chaos.get_briefly` may be where nothing tells Realmgate of a write: its ttl and its swr. */
export const BRIEFLY_MS = 6_000;

/** Which statements a key is read and written with; a key keeps to one pair. */
export interface Route {
  readonly read: string;
  readonly write: string;
  readonly params: (key: number) => Readonly<Record<string, string | number>>;
  readonly change: (key: number) => Readonly<Record<string, string | number>>;
  /** Whether its keys have no row before their write. @default {false} */
  readonly creates?: boolean;
}

const GROUPS = 50;
const player = (key: number) => ({ playerId: String(key) });
const member = (key: number) => ({ playerId: String(key), groupId: key % GROUPS });

const gold = {
  write: "player.add_gold",
  params: player,
  change: (key: number) => ({ ...player(key), amount: 1 }),
};

/** A read by key that may be merged with others. */
export const PLAIN: Route = { read: "player.get", ...gold };
/** A read that writes overtake. */
export const SLOW: Route = { read: "chaos.get_slowly", ...gold };
/** A read that takes longer than a lease lasts. */
export const LONG: Route = { read: "chaos.get_after_long", ...gold };
/** A read under a tag that many keys share, which is all that its writes name. */
export const GROUPED: Route = {
  read: "chaos.get_in_group",
  write: "chaos.add_in_group",
  params: member,
  change: member,
};
/** A read like the first, and a write that answers rows. */
export const RETURNING: Route = {
  read: "player.get",
  write: "chaos.add_returning",
  params: player,
  change: player,
};
/** A read that finds nothing until its row is made. */
export const CREATED: Route = {
  read: "player.get",
  write: "player.create",
  params: player,
  change: (key) => ({ ...player(key), name: `created-${key}` }),
  creates: true,
};
/** A read that may be stale for a while. */
export const BRIEF: Route = { read: "chaos.get_briefly", ...gold };
