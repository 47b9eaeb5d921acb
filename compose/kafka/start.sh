#!/bin/sh
# Starts a node, broker and controller in one, in any image that has `java` and Kafka's jars in /opt/kafka/libs.
#
#   NODE      its number; it is known as kafka-NODE
#   NODES     how many there are: 1, or 3
#   OUTSIDE   where programs on this machine reach it: 127.0.0.1:PORT
#   CLUSTER   the cluster's identity, the same for all nodes
set -eu

voters=
for number in $(seq "$NODES"); do voters="$voters${voters:+,}$number@kafka-$number:9093"; done
# With three, a record is taken once two have it, so that one may fall without a loss.
case $NODES in 1) enough=1 ;; *) enough=2 ;; esac

settings=/tmp/server.properties
cp /kafka/common.properties "$settings"
cat >>"$settings" <<END
node.id=$NODE
controller.quorum.voters=$voters
advertised.listeners=CORRIDOR://kafka-$NODE:9092,OUTSIDE://$OUTSIDE
default.replication.factor=$NODES
min.insync.replicas=$enough
offsets.topic.replication.factor=$NODES
transaction.state.log.replication.factor=$NODES
transaction.state.log.min.isr=$enough
share.coordinator.state.topic.replication.factor=$NODES
share.coordinator.state.topic.min.isr=$enough
END

# Without a word about levels, log4j2 keeps silent about who was denied what. The rounds: Kafka puts the key of a PEM file
# into a PKCS #12 store in memory, once for each listener and channel, where it guards nothing and costs a third of a start.
set -- -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Djava.awt.headless=true -Dkeystore.pkcs12.keyPbeIterationCount=1 \
  -Dlog4j2.configurationFile=/kafka/log4j2.properties -cp '/opt/kafka/libs/*'
java -Xmx256m "$@" kafka.tools.StorageTool format --ignore-formatted --cluster-id "$CLUSTER" --config "$settings"
exec java -Xmx512m "$@" kafka.Kafka "$settings"
