#!/bin/sh
set -e
command -v systemd-sysusers >/dev/null && systemd-sysusers gnista.conf
chown root:gnista /etc/gnista/gnista.json && chmod 0640 /etc/gnista/gnista.json
chmod 0600 /etc/gnista/gnista.env
if [ -d /run/systemd/system ]; then
	systemctl daemon-reload
	if systemctl is-active --quiet gnista.service; then
		systemctl restart gnista.service
	else
		echo "gnista: look at /etc/gnista/gnista.env, then: systemctl enable --now gnista gnista-backup.timer"
	fi
fi
