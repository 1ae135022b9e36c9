//go:build darwin || freebsd || linux

package main

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// fewFiles is how many open files are few: each station has one.
const fewFiles = 65_536

func checkOpenFiles() finding {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return finding{"open files", skipped, err.Error(), ""}
	}
	found := fmt.Sprintf("this user may have %d, and each station takes one", limit.Max)
	if limit.Max < fewFiles {
		return finding{"open files", warning, found, "raise it: LimitNOFILE=1048576 in the unit of systemd, or ulimit -n; the limit of a server that runs is its metric process_max_fds"}
	}
	return finding{"open files", fine, found, ""}
}
