#!/usr/bin/env bash
# sysbench, as in tests/drivers/README.md: tables made, then point selects and read-write transactions.
# Prints only what does not depend on speed (deadlocks do).
set -u
connection=(--db-driver=mysql "--mysql-host=$WANLAB_HOST" "--mysql-port=$WANLAB_PORT" "--mysql-user=$WANLAB_USER"
  "--mysql-password=$WANLAB_PASSWORD" "--mysql-db=$WANLAB_DATABASE" --tables=2 --table-size=500)
# sysbench asks for TLS only with three files of these names in the folder it runs in; any certificate does.
if [[ -n ${WANLAB_CA:-} ]]; then
  cp -- "$WANLAB_CA" cacert.pem
  cp -- "${WANLAB_CA%/*}/localhost.pem" client-cert.pem
  cp -- "${WANLAB_CA%/*}/localhost.key" client-key.pem
  connection+=(--mysql-ssl=on)
fi
sysbench oltp_read_write "${connection[@]}" prepare | grep -c 'Inserting'
for mode in auto disable; do  # server-side prepared statements, then text
  for test in oltp_point_select oltp_read_write; do
    sysbench "$test" "${connection[@]}" --threads=4 --events=400 --time=0 --db-ps-mode=$mode run >out.log 2>&1 ||
      cat out.log
    sed -nE 's/^ *(transactions|reconnects): *([0-9]+).*/'"$test $mode"' \1 \2/p' out.log
  done
done
sysbench oltp_read_write "${connection[@]}" cleanup | grep -c 'Dropping'
echo end
