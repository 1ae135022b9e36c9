package main_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// network is a switch with machines at it, each a network namespace of Linux. This process is at it too, with as many
// addresses as it likes. What goes through the switch can be cut.
type network struct {
	name string // of the switch, and with which the names of machines begin
	port int    // the last that is taken
}

// netPrefix is what all namespaces of tests begin with, before the number of their process.
const netPrefix = "gn"

// newNetwork makes a switch, where this machine lets it, and takes away what is left of tests that were killed.
func newNetwork(t *testing.T) *network {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("skipped: only root makes networks")
	}
	for _, program := range []string{"ip", "nft"} {
		if _, err := exec.LookPath(program); err != nil {
			if os.Getenv("CI") != "" {
				t.Fatalf("%s is not installed: make setup", program)
			}
			t.Skipf("skipped: %s is not installed", program)
		}
	}
	list, err := exec.Command("ip", "netns", "list").Output()
	if err != nil {
		t.Skipf("skipped: there are no network namespaces here: %v", err)
	}
	for line := range strings.Lines(string(list)) {
		name := strings.Fields(line)[0]
		of, _, _ := strings.Cut(strings.TrimPrefix(name, netPrefix), "-")
		if pid, err := strconv.Atoi(of); err == nil && strings.HasPrefix(name, netPrefix) && syscall.Kill(pid, 0) != nil {
			forget(name)
		}
	}
	n := &network{name: netPrefix + strconv.Itoa(os.Getpid()) + "-"}
	if out, err := exec.Command("ip", "netns", "add", n.name).CombinedOutput(); err != nil {
		t.Skipf("skipped: no network can be made here: %s", out)
	}
	t.Cleanup(func() { forget(n.name) }) // and with it all cables
	n.ip(t, "-n", n.name, "link", "add", "switch", "type", "bridge")
	n.ip(t, "-n", n.name, "link", "set", "switch", "up")
	if out, err := n.rules("add table bridge cut; add chain bridge cut way { type filter hook forward priority 0; }"); err != nil {
		t.Skipf("skipped: nothing can be cut here: %s", out)
	}
	n.ip(t, "link", "add", n.name, "type", "veth", "peer", "name", "test", "netns", n.name)
	t.Cleanup(func() { exec.Command("ip", "link", "del", n.name).Run() }) // at once, as the next test may have one of that name
	n.plug(t, "test")
	n.ip(t, "link", "set", n.name, "up")
	return n
}

// forget takes a namespace away, with what still runs in it.
func forget(name string) {
	left, _ := exec.Command("ip", "netns", "pids", name).Output()
	for _, text := range strings.Fields(string(left)) {
		if pid, err := strconv.Atoi(text); err == nil {
			syscall.Kill(pid, syscall.SIGKILL)
		}
	}
	exec.Command("ip", "netns", "del", name).Run()
}

func (n *network) ip(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
		t.Fatalf("ip %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func (n *network) rules(text string) (string, error) {
	out, err := exec.Command("ip", "netns", "exec", n.name, "nft", text).CombinedOutput()
	return string(out), err
}

func (n *network) plug(t *testing.T, cable string) {
	t.Helper()
	n.ip(t, "-n", n.name, "link", "set", cable, "master", "switch", "up")
}

// address is the next that is free. Processes of tests have different networks, of those that are for measurements.
func (n *network) address() string {
	n.port++
	return fmt.Sprintf("198.18.%d.%d", os.Getpid()%256, n.port)
}

// here is an address of this process.
func (n *network) here(t *testing.T) string {
	t.Helper()
	a := n.address()
	n.ip(t, "address", "add", a+"/24", "dev", n.name)
	return a
}

// machine is one that has a network of its own, and nothing else.
type machine struct {
	name, address string
	cable         string // at the switch
}

func (n *network) machine(t *testing.T) machine {
	t.Helper()
	m := machine{address: n.address()}
	m.cable = "m" + strconv.Itoa(n.port)
	m.name = n.name + m.cable
	n.ip(t, "netns", "add", m.name)
	t.Cleanup(func() { forget(m.name) })
	n.ip(t, "link", "add", "eth0", "netns", m.name, "type", "veth", "peer", "name", m.cable, "netns", n.name)
	n.plug(t, m.cable)
	n.ip(t, "-n", m.name, "link", "set", "lo", "up")
	n.ip(t, "-n", m.name, "address", "add", m.address+"/24", "dev", "eth0")
	n.ip(t, "-n", m.name, "link", "set", "eth0", "up")
	return m
}

// in is the command that runs a program on the machine. It becomes the program, so signals reach that.
func (m machine) in(args ...string) []string {
	return append([]string{"ip", "netns", "exec", m.name}, args...)
}

// cut loses all that goes from one address to others and back, without a word to anybody.
func (n *network) cut(t *testing.T, one string, others ...string) {
	t.Helper()
	for _, other := range others {
		for _, way := range [][2]string{{one, other}, {other, one}} {
			if out, err := n.rules(fmt.Sprintf("add rule bridge cut way ip saddr %s ip daddr %s drop", way[0], way[1])); err != nil {
				t.Fatalf("cutting: %v\n%s", err, out)
			}
		}
	}
}

// pull takes the cable of a machine out of the switch, or puts it back.
func (n *network) pull(t *testing.T, m machine, how string) {
	t.Helper()
	n.ip(t, "-n", n.name, "link", "set", m.cable, how)
}

// mend ends all cuts.
func (n *network) mend(t *testing.T) {
	t.Helper()
	if out, err := n.rules("flush chain bridge cut way"); err != nil {
		t.Fatalf("mending: %v\n%s", err, out)
	}
}

func port(address string, p int) string { return net.JoinHostPort(address, strconv.Itoa(p)) }
