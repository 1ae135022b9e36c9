#!/bin/sh
# Installs what the tests need and this machine lacks, where it can: Debian's packages, as root.
set -eu
PATH=$PATH:/usr/sbin # where servers are, also for who is not root

missing=""
command -v gcc >/dev/null || missing="$missing gcc libc6-dev"
command -v node >/dev/null && command -v npm >/dev/null || missing="$missing nodejs npm"
command -v openssl >/dev/null || missing="$missing openssl"
command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$missing postgresql"
command -v chromium >/dev/null || missing="$missing chromium"
command -v haproxy >/dev/null || missing="$missing haproxy"
command -v pgbouncer >/dev/null || missing="$missing pgbouncer"
command -v nginx >/dev/null || missing="$missing nginx-light"
command -v ip >/dev/null || missing="$missing iproute2"
command -v nft >/dev/null || missing="$missing nftables"
command -v runc >/dev/null || command -v crun >/dev/null || missing="$missing runc"
[ -z "$missing" ] && exit 0

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
	echo "setup: these are not installed and cannot be installed from here:$missing" >&2
	echo "setup: the tests that need them will say that they are skipped" >&2
	exit 0
fi
echo "setup: installing$missing"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# Debian's PostgreSQL would start a server of its own, which nobody needs here.
mkdir -p /etc/postgresql-common
[ -e /etc/postgresql-common/createcluster.conf ] || echo "create_main_cluster = false" > /etc/postgresql-common/createcluster.conf
# Nor is any other server to run by itself, now or later: tests start their own.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
	trap 'rm -f "$policy"' EXIT
	printf '#!/bin/sh\nexit 101\n' >"$policy"
	chmod +x "$policy"
fi
# shellcheck disable=SC2086
apt-get install -y -qq $missing
for server in haproxy nginx pgbouncer; do
	case "$missing" in *"$server"*) ! command -v systemctl >/dev/null || systemctl disable -q "$server" 2>/dev/null || true ;; esac
done
