-- What happened to a player, on the player's shard, with one partition per day (in UTC), so that
-- old days are dropped as a whole. It begins with yesterday, today and the seven days after.
SET @days = (
  WITH RECURSIVE days (n) AS (SELECT -1 UNION ALL SELECT n + 1 FROM days WHERE n < 7)
  SELECT GROUP_CONCAT(
    DATE_FORMAT(UTC_DATE() + INTERVAL n DAY, 'PARTITION p%Y%m%d VALUES LESS THAN ('),
    DATE_FORMAT(UTC_DATE() + INTERVAL n + 1 DAY, '''%Y-%m-%d'')')
    ORDER BY n
  )
  FROM days
);

EXECUTE IMMEDIATE CONCAT(
  'CREATE TABLE event_log (
    id BIGINT NOT NULL AUTO_INCREMENT,
    player_id BIGINT NOT NULL,
    kind VARCHAR(64) NOT NULL,
    payload JSON NOT NULL,
    at DATETIME(3) NOT NULL,
    PRIMARY KEY (id, at),
    KEY by_player (player_id, at, id)
  ) PARTITION BY RANGE COLUMNS (at) (',
  @days,
  ', PARTITION p_later VALUES LESS THAN (MAXVALUE))'
);
