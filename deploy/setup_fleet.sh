#!/bin/sh
# Makes a fresh fleet of MariaDB servers a fleet for Realmgate, and does nothing to one that is: the
# accounts, the realm's tables, replication from each shard's first node to the others, and one
# writable node a shard. It promotes nobody; a shard that has a writable node keeps it.
#
# SHARDS            the nodes of each shard, host:port, the first primary first: "a:3306,b:3306 c:3306"
# ADMIN_PASSWORD    root's password on every node
# SERVICE_PASSWORD  the password of the account `realmgate`, which may read and write rows only
# DATABASE          the realm's database; game unless said
# MIGRATIONS        the folder of the realm's tables; /migrations unless said
set -eu
DATABASE=${DATABASE:-game}
MIGRATIONS=${MIGRATIONS:-/migrations}

sql() { # sql host:port [database] < statements
  mariadb --no-defaults --protocol=tcp --host="${1%:*}" --port="${1#*:}" --user=root \
    --password="$ADMIN_PASSWORD" --skip-column-names --batch ${2:+"$2"}
}
ask() { printf '%s' "$2" | sql "$1"; }

for shard in $SHARDS; do
  nodes=$(printf '%s' "$shard" | tr , ' ')
  first=${nodes%% *}
  writable=
  for node in $nodes; do
    if [ "$(ask "$node" 'SELECT @@global.read_only')" = 0 ]; then writable=$node; fi
  done
  if [ -z "$(ask "$first" "SHOW DATABASES LIKE '$DATABASE'")" ] && [ -z "$writable" ]; then
    echo "shard $shard: new, making accounts, tables and replication"
    # What the servers logged of their own first start would differ from node to node.
    for node in $nodes; do ask "$node" 'RESET MASTER'; done
    ask "$first" "SET GLOBAL read_only = 0;
      CREATE USER IF NOT EXISTS realmgate@'%' IDENTIFIED BY '$SERVICE_PASSWORD';
      GRANT SLAVE MONITOR ON *.* TO realmgate@'%';
      CREATE USER IF NOT EXISTS replication@'%' IDENTIFIED BY '$SERVICE_PASSWORD';
      GRANT REPLICATION SLAVE ON *.* TO replication@'%';
      CREATE DATABASE \`$DATABASE\`;
      GRANT SELECT, INSERT, UPDATE, DELETE, EXECUTE ON \`$DATABASE\`.* TO realmgate@'%'"
    for file in "$MIGRATIONS"/*.sql; do sql "$first" "$DATABASE" < "$file"; done
    for node in $nodes; do
      [ "$node" = "$first" ] && continue
      ask "$node" "SET GLOBAL gtid_slave_pos = '';
        CHANGE MASTER TO MASTER_HOST = '${first%:*}', MASTER_PORT = ${first#*:},
          MASTER_USER = 'replication', MASTER_PASSWORD = '$SERVICE_PASSWORD',
          MASTER_USE_GTID = slave_pos, MASTER_CONNECT_RETRY = 1;
        SET GLOBAL rpl_semi_sync_slave_enabled = 1;
        START SLAVE"
    done
  elif [ -z "$writable" ]; then
    # After a restart nobody is: the node that follows no other was the primary.
    for node in $nodes; do
      if [ -z "$(ask "$node" 'SHOW ALL SLAVES STATUS')" ]; then writable="$writable $node"; fi
    done
    case "$writable" in
      ' '*' '* | '') echo "shard $shard: cannot tell the primary, candidates:$writable" >&2; exit 1 ;;
    esac
    echo "shard $shard: making$writable writable again"
    ask "${writable# }" 'SET GLOBAL read_only = 0'
  else
    echo "shard $shard: $writable is writable"
  fi
done
