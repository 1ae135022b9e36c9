#!/bin/sh
set -e
if [ "$1" = remove ] || [ "$1" = 0 ]; then
	[ -d /run/systemd/system ] && systemctl disable --now gnista.service gnista-backup.timer || true
fi
