#!/bin/sh
# Healthy: this node answers a request, asked as a broker over TLS. An open port would not be an answer.
exec java -Xmx128m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dkeystore.pkcs12.keyPbeIterationCount=1 \
  -cp '/opt/kafka/libs/*' kafka.admin.ConfigCommand \
  --bootstrap-server "kafka-$NODE:9092" --command-config /kafka/health.properties \
  --describe --entity-type brokers --entity-name "$NODE" >/dev/null
