//go:build darwin || freebsd || linux

package store

import "golang.org/x/sys/unix"

// Room is how many bytes are free where a folder is, and how many there are.
func Room(dir string) (free, total uint64, err error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, 0, err
	}
	return uint64(s.Bavail) * uint64(s.Bsize), s.Blocks * uint64(s.Bsize), nil
}
