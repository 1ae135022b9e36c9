//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// need is a limit of the system that so many stations need to be so high.
type need struct {
	file string // below /proc/sys
	name string // as sysctl calls it
	want int64
}

// needs are those of n stations held on one machine, at both ends. Ports need none, as stations connect
// from many addresses.
func needs(n int) []need {
	files := int64(n + spareFiles)
	return []need{
		{"fs/nr_open", "fs.nr_open", files},
		{"fs/file-max", "fs.file-max", 2*files + 10_000},
		{"fs/epoll/max_user_watches", "fs.epoll.max_user_watches", 2 * files},
		{"net/core/somaxconn", "net.core.somaxconn", 4096},
		{"net/netfilter/nf_conntrack_max", "net.netfilter.nf_conntrack_max", files},
	}
}

// raise raises what n stations need, as far as it may, and says what somebody has to do for the rest.
func raise(root string, list []need) (advice []string) {
	for _, x := range list {
		b, err := os.ReadFile(root + "/" + x.file)
		if err != nil {
			continue // no such limit here
		}
		is, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
		if err != nil || is >= x.want {
			continue
		}
		if err := os.WriteFile(root+"/"+x.file, []byte(strconv.FormatInt(x.want, 10)), 0); err != nil {
			advice = append(advice, fmt.Sprintf("%s is %d and %d are needed: sudo sysctl -w %s=%d", x.name, is, x.want, x.name, x.want))
		}
	}
	return advice
}

// adviseFiles says how a process may open more files.
func adviseFiles(n int) string {
	files := n + spareFiles
	return fmt.Sprintf("a process may not open %d files: sudo prlimit --pid $$ --nofile=%d in this shell, LimitNOFILE=%d in a unit of systemd, or * - nofile %d in /etc/security/limits.conf", files, files, files, files)
}

// errMemory is that the machine has no more memory.
var errMemory = errors.New("memory of the machine")

// exhausted is what kept stations from connecting, as far as that can be seen: stuck is the error that this process got
// for a socket, if any.
func exhausted(stuck error, server int) string {
	switch {
	case errors.Is(stuck, unix.EMFILE):
		return "open files of the generator"
	case errors.Is(stuck, unix.ENFILE):
		return "open files of the system (fs.file-max)"
	case errors.Is(stuck, unix.EADDRNOTAVAIL):
		return "ports (net.ipv4.ip_local_port_range)"
	case errors.Is(stuck, unix.ENOSPC):
		return "sockets that may be watched (fs.epoll.max_user_watches)"
	case errors.Is(stuck, unix.ENOMEM) || errors.Is(stuck, unix.ENOBUFS) || errors.Is(stuck, errMemory):
		return "memory"
	case stuck != nil:
		return stuck.Error()
	}
	open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", server))
	if allowed := limitOf(server); err == nil && allowed > 0 && int64(len(open)) >= allowed-8 {
		return "open files of the server"
	}
	return "the time: nobody else was let in"
}

// limitOf is how many files a process may open; 0 when that cannot be read.
func limitOf(pid int) int64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "Max open files"); ok {
			n, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return n
		}
	}
	return 0
}

// kernel is what the system's own memory has for sockets and the like: all of its small objects, and the
// buffers of TCP, in bytes.
type kernel struct{ slab, tcp int64 }

func kernelMemory() (k kernel, _ error) {
	info, err := readNumber("/proc/meminfo", "SUnreclaim:", "")
	if err != nil {
		return k, err
	}
	pages, err := readNumber("/proc/net/sockstat", "TCP:", "mem")
	return kernel{info << 10, pages * int64(os.Getpagesize())}, err
}

// available is how much memory is free, and all there is, in bytes.
func available() (free, all int64, err error) {
	if all, err = readNumber("/proc/meminfo", "MemTotal:", ""); err == nil {
		free, err = readNumber("/proc/meminfo", "MemAvailable:", "")
	}
	return free << 10, all << 10, err
}

// readNumber is the number behind a word in the line that begins with another, or the first in it.
func readNumber(file, line, word string) (int64, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	for l := range strings.Lines(string(b)) {
		rest, ok := strings.CutPrefix(l, line)
		if !ok {
			continue
		}
		fields := strings.Fields(rest)
		for i, f := range fields {
			if word == "" {
				return strconv.ParseInt(f, 10, 64)
			}
			if f == word && i+1 < len(fields) {
				return strconv.ParseInt(fields[i+1], 10, 64)
			}
		}
	}
	return 0, fmt.Errorf("%s does not tell %s %s", file, line, word)
}
