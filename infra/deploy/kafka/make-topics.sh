#!/bin/sh
# Makes Daybook's topics and says who may do what with them. As the cluster's administrator. May be repeated: topics that
# are there stay, and get these settings again; partitions are never taken away.
#
#   BOOTSTRAP=broker:9093 CONFIG=admin.properties make-topics.sh SHARDS [DAYS]
#
# SHARDS: what the deployment was created with (DAYBOOK_SHARDS). DAYS: how long messages stay, DAYBOOK_STREAM_DAYS or
# more; 7 unless given. KAFKA_BIN: where Kafka's programs are, unless they are in PATH. REPLICAS: 3 unless given; a trial
# on one broker takes 1, and DAYBOOK_KAFKA_SINGLE_REPLICA=yes. ACLS=no: for a cluster that authorises nobody, a trial's.
set -eu
shards=${1:?usage: make-topics.sh SHARDS [DAYS]}
days=${2:-7}
: "${BOOTSTRAP:?HOST:PORT of a broker}" "${CONFIG:?file of the properties of an administrator}"
replicas=${REPLICAS:-3}
in_sync=2
[ "$replicas" -gt 1 ] || in_sync=1
bin=${KAFKA_BIN:+$KAFKA_BIN/}

tool() { # tool PROGRAM ARGUMENT...
  program=$1
  shift
  "$bin$program" --bootstrap-server "$BOOTSTRAP" --command-config "$CONFIG" "$@"
}

there=$(tool kafka-topics.sh --list)

topic() { # topic NAME PARTITIONS
  # LogAppendTime: a producer whose clock is wrong must not shorten how long its messages stay.
  settings="cleanup.policy=delete retention.ms=$((days * 86400000)) retention.bytes=-1 max.message.bytes=5242880
    min.insync.replicas=$in_sync unclean.leader.election.enable=false message.timestamp.type=LogAppendTime"
  if echo "$there" | grep -qxF "$1"; then
    tool kafka-configs.sh --alter --entity-type topics --entity-name "$1" \
      --add-config "$(echo "$settings" | tr -s ' \n' ',')"
    return
  fi
  flags=
  for setting in $settings; do flags="$flags --config $setting"; done
  # shellcheck disable=SC2086 # flags are words
  tool kafka-topics.sh --create --if-not-exists --topic "$1" --partitions "$2" --replication-factor "$replicas" $flags
}

# Each call of kafka-acls.sh starts a Java machine: all that may be said in one is.
allow() { # allow "SERVICE..." "TOPIC..." OPERATION...
  flags=
  for service in $1; do flags="$flags --allow-principal User:daybook-$service"; done
  for name in $2; do flags="$flags --topic $name"; done
  shift 2
  for operation in "$@"; do flags="$flags --operation $operation"; done
  # shellcheck disable=SC2086 # flags are words
  tool kafka-acls.sh --add $flags
}

topic daybook.events "$shards"
topic daybook.audit 1
topic daybook.outbound 1
topic daybook.parked 1

[ "${ACLS:-yes}" = yes ] || exit 0

# Every service looks at the settings of every topic when it starts.
allow "archiver capture records evidence gateway witnessing" "daybook.events daybook.audit daybook.outbound daybook.parked" \
  Describe DescribeConfigs
# The archiver reads what is to be archived, parks what it cannot, and puts gaps where they belong.
allow archiver "daybook.events daybook.audit daybook.parked" Read Write
# Archivers share the shards as one consumer group.
tool kafka-acls.sh --add --allow-principal User:daybook-archiver --group daybook-archivers- --resource-pattern-type prefixed \
  --operation Read --operation Describe
allow capture daybook.events Write
# What people write goes through the gateway to whoever has the account.
allow gateway daybook.outbound Write
allow capture daybook.outbound Read
# What people do is an event too.
allow "records evidence gateway witnessing" daybook.audit Write
