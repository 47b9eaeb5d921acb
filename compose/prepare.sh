#!/bin/sh
# Founds all authorities and gives to each what is its own, once: what is there already stays.
#
#   RUN     the run's name, which stands before its topics
#   HOSTS   the names and addresses at which the brokers are reached
#
# /prepared/authorities   the authorities' keys and all that was issued; mounted here and nowhere else
# /prepared/broker        the certificate of the brokers
# /prepared/operator      that of the operator, who opens topics and grants rights
# /prepared/qm, qn, qp    each party's seat and certificate
set -eu
umask 077
cd /prepared

if [ -f authorities/handed-out ]; then
  echo "prepared already; docker-compose down --volumes makes room for new keys"
  exit 0
fi
rm -rf authorities/* broker/* operator/* qm/* qn/* qp/*

hosts=
for host in $HOSTS; do hosts="$hosts --host $host"; done
corridor certs issue --seats authorities/seats --run "$RUN" --days 30
# shellcheck disable=SC2086  # words, not a word
corridor broker certs --out authorities/tls $hosts

# All that one needs to come to the brokers. The keys stay with who owns them.
for one in broker operator qm qn qp; do
  cp "authorities/tls/$one.pem" authorities/tls/authority.pem authorities/tls/client.properties "$one"
done
for party in qm qn qp; do
  cp -R "authorities/seats/$(echo "$party" | tr '[:lower:]' '[:upper:]')" "$party/seat"
done
touch authorities/handed-out
