#!/bin/sh
# Makes MariaDB servers that were started with fleet.cnf a fleet for Realmgate: the accounts, the
# realm's tables, replication from each shard's first node to the others, and one writable node a
# shard. It may run at any time: a shard that has a writable node keeps it, and nobody is promoted.
#
# SHARDS            the nodes of each shard, host:port, the first primary first: "a:3306,b:3306 c:3306"
# ADMIN_PASSWORD    root's password on every node
# SERVICE_PASSWORD  the password of the account `realmgate`, which may read and write rows only
# PARTITIONED       tables whose partitions Realmgate looks after, which it may change; none unless said
# DATABASE          the realm's database; game unless said
# MIGRATIONS        the folder of the realm's tables; /migrations unless said
set -eu
DATABASE=${DATABASE:-game}
MIGRATIONS=${MIGRATIONS:-/migrations}

run() { # run host:port < statements
  MYSQL_PWD=$ADMIN_PASSWORD mariadb --no-defaults --protocol=tcp --host="${1%:*}" \
    --port="${1#*:}" --user=root --skip-column-names --batch
}
ask() { printf '%s' "$2" | run "$1"; }
fail() {
  echo "shard $shard: $1" >&2
  exit 1
}

# make_new first others...: what the servers logged of their own first start differs from node to
# node and is dropped. The database comes last: until it is there, the shard counts as new.
make_new() {
  first=$1
  for node in "$@"; do
    ask "$node" "STOP ALL SLAVES; RESET SLAVE ALL; RESET MASTER; SET GLOBAL gtid_slave_pos = ''"
  done
  ask "$first" "SET GLOBAL read_only = 0;
    CREATE OR REPLACE USER realmgate@'%' IDENTIFIED BY '$SERVICE_PASSWORD';
    GRANT SLAVE MONITOR ON *.* TO realmgate@'%';
    GRANT SELECT, INSERT, UPDATE, DELETE, EXECUTE ON \`$DATABASE\`.* TO realmgate@'%';
    CREATE OR REPLACE USER replication@'%' IDENTIFIED BY '$SERVICE_PASSWORD';
    GRANT REPLICATION SLAVE ON *.* TO replication@'%'"
  for node in "$@"; do
    [ "$node" = "$first" ] || ask "$node" "CHANGE MASTER TO
      MASTER_HOST = '${first%:*}', MASTER_PORT = ${first#*:}, MASTER_USER = 'replication',
      MASTER_PASSWORD = '$SERVICE_PASSWORD', MASTER_USE_GTID = slave_pos, MASTER_CONNECT_RETRY = 1"
  done
  { echo "CREATE DATABASE \`$DATABASE\`; USE \`$DATABASE\`;" && cat "$MIGRATIONS"/*.sql; } |
    run "$first" || fail "a migration failed; drop the database $DATABASE on $first and run this again"
  for table in ${PARTITIONED:-}; do
    ask "$first" "GRANT ALTER, DROP ON \`$DATABASE\`.\`$table\` TO realmgate@'%';
      GRANT CREATE, INSERT, DROP ON \`$DATABASE\`.\`realmgate_retired_$table\` TO realmgate@'%';
      GRANT LOCK TABLES ON \`$DATABASE\`.* TO realmgate@'%'"
  done
}

for shard in $SHARDS; do
  # shellcheck disable=SC2046 # one word a node
  set -- $(printf '%s' "$shard" | tr , ' ')
  writable= leaders= known=
  for node in "$@"; do
    # Assigned first: within a test, a node that does not answer would count as an empty one.
    read_only=$(ask "$node" 'SELECT @@read_only')
    follows=$(ask "$node" 'SHOW ALL SLAVES STATUS')
    database=$(ask "$node" "SHOW DATABASES LIKE '$DATABASE'")
    [ "$read_only" = 1 ] || writable="$writable $node"
    [ -n "$follows" ] || leaders="$leaders $node"
    [ -z "$database" ] || known=yes
  done
  if [ -z "$known" ]; then
    echo "shard $shard: new, making accounts, replication and tables"
    make_new "$@"
    primary=$1
  else
    # After a restart nobody is writable: the node that follows no other was the primary.
    primary=${writable:-$leaders}
    primary=${primary# }
    case "$primary" in
      '' | *' '*) fail "cannot tell the primary, candidates: $primary" ;;
    esac
  fi
  for node in "$@"; do
    [ "$node" = "$primary" ] || ask "$node" "SET GLOBAL rpl_semi_sync_master_enabled = 0;
      STOP ALL SLAVES; SET GLOBAL rpl_semi_sync_slave_enabled = 1; START ALL SLAVES"
  done
  ask "$primary" "SET GLOBAL rpl_semi_sync_slave_enabled = 0;
    SET GLOBAL rpl_semi_sync_master_enabled = 1; SET GLOBAL read_only = 0"
  echo "shard $shard: $primary is writable"
done
