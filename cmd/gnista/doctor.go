package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"gnista/pki"
	"gnista/store"
)

// doctor is the command doctor.
type doctor struct {
	serve
	JSON bool `help:"Print JSON."`
}

// Help says what is looked at.
func (*doctor) Help() string {
	return "Run it with the settings and as the user of gnista serve, which may run meanwhile. Nothing is changed and nobody outside of this machine is asked, but the database. " +
		"The exit code is 1 when something is wrong."
}

// state is how something was found.
type state string

const (
	fine    state = "ok"
	warning state = "warning" // it works, and may not for long
	wrong   state = "wrong"
	skipped state = "skipped"
)

// finding is what was found of one thing.
type finding struct {
	Check string `json:"check"`
	State state  `json:"state"`
	Found string `json:"found"`
	Do    string `json:"do,omitempty"` // what to do about it
}

// Run prints what it finds.
func (d *doctor) Run(ctx context.Context, o *output) error {
	list := d.serve.examine(ctx)
	if d.JSON {
		e := json.NewEncoder(o.out)
		e.SetIndent("", "  ")
		if err := e.Encode(list); err != nil {
			return err
		}
	} else {
		t := tabwriter.NewWriter(o.out, 0, 0, 2, ' ', 0)
		for _, f := range list {
			fmt.Fprintf(t, "%s\t%s\t%s\n", f.State, f.Check, f.Found)
			if f.Do != "" {
				fmt.Fprintf(t, "\t\t→ %s\n", f.Do)
			}
		}
		if err := t.Flush(); err != nil {
			return err
		}
	}
	bad := 0
	for _, f := range list {
		if f.State == wrong {
			bad++
		}
	}
	if bad > 0 {
		return fmt.Errorf("%d of %d checks found something wrong", bad, len(list))
	}
	return nil
}

// examine looks at all there is.
func (s *serve) examine(ctx context.Context) []finding {
	running := s.answers(ctx)
	list := []finding{s.checkSettings(), s.checkZone(), s.checkFolder(), s.checkRoom(), s.checkKey(), checkOpenFiles()}
	list = append(list, s.checkDatabase(ctx)...)
	list = append(list, s.checkReplica(ctx)...)
	list = append(list, s.checkCertificates()...)
	list = append(list, running, s.checkAdmin(ctx))
	return list
}

// checkReplica looks at the replica that reports are read from, where there is one.
func (s *serve) checkReplica(ctx context.Context) []finding {
	if s.DatabaseReplica == "" {
		return nil
	}
	secret, err := certifying{SecretKey: s.SecretKey}.secret(s.Data)
	if err != nil {
		return []finding{{"replica", skipped, "without the key of the database", ""}}
	}
	ctx, cancel := context.WithTimeout(ctx, inspectWithin)
	defer cancel()
	db, err := store.OpenToRead(ctx, s.DatabaseReplica, secret)
	if err == nil {
		defer db.Close()
		err = db.Proves(ctx)
	}
	if err != nil {
		return []finding{{"replica", warning, err.Error(), "see that it runs and follows the database; until then reports are read from the database itself"}}
	}
	last, err := db.LastEventAt(ctx)
	if err != nil {
		return []finding{{"replica", warning, err.Error(), ""}}
	}
	return []finding{{"replica", fine, fmt.Sprintf("it answers, and its newest event is of %s", last.Format(time.RFC3339)), ""}}
}

func (s *serve) checkSettings() finding {
	if err := s.sound(); err != nil {
		return finding{"settings", wrong, err.Error(), "put it right; gnista config print shows where each setting comes from"}
	}
	return finding{"settings", fine, "no mistake in them", ""}
}

func (s *serve) checkZone() finding {
	zone, err := time.LoadLocation(s.TimeZone)
	if err != nil {
		return finding{"time zone", wrong, err.Error(), "set --time-zone to a name as Europe/Stockholm"}
	}
	return finding{"time zone", fine, "in " + s.TimeZone + " it is " + time.Now().In(zone).Format("2006-01-02 15:04 MST"), ""}
}

func (s *serve) checkFolder() finding {
	f, err := os.CreateTemp(s.Data, ".gnista-doctor-*")
	if errors.Is(err, os.ErrNotExist) {
		return finding{"data folder", warning, s.Data + " is not there", "gnista serve makes it; or name another with --data"}
	}
	if err != nil {
		return finding{"data folder", wrong, err.Error(), "let the user that gnista runs as write there"}
	}
	f.Close()
	os.Remove(f.Name())
	if info, err := os.Stat(s.Data); err == nil && info.Mode().Perm()&0o077 != 0 {
		return finding{"data folder", warning, fmt.Sprintf("%s can be read by others (%v)", s.Data, info.Mode().Perm()), "chmod 700 " + s.Data}
	}
	return finding{"data folder", fine, s.Data + " can be written", ""}
}

// leastRoom is how many bytes should be free, whatever share of the disk that is.
const leastRoom = 1 << 30

func (s *serve) checkRoom() finding {
	free, total, err := store.Room(s.Data)
	if err != nil || total == 0 {
		return finding{"disk", skipped, fmt.Sprintf("the room of %s is not known: %v", s.Data, err), ""}
	}
	found := fmt.Sprintf("%.1f of %.1f GB are free", float64(free)/1e9, float64(total)/1e9)
	switch percent := free * 100 / total; {
	case free < leastRoom:
		return finding{"disk", wrong, found, "make room: SQLite stops when the disk is full, and nobody can charge"}
	case percent < uint64(max(s.DiskPercent, 0)):
		return finding{"disk", warning, found, fmt.Sprintf("make room: less than %d %% are free; --message-log-mb, --message-log-days and --event-days say how much is kept", s.DiskPercent)}
	}
	return finding{"disk", fine, found, ""}
}

func (s *serve) checkKey() finding {
	if s.SecretKey != "" {
		if _, err := parseSecret(s.SecretKey); err != nil {
			return finding{"secret key", wrong, "--secret-key " + err.Error(), "set GNISTA_SECRET_KEY to the key that the database was made with"}
		}
		return finding{"secret key", fine, "it is set, and not in a file; backups do not have it", ""}
	}
	file := filepath.Join(s.Data, keyName)
	info, err := os.Stat(file)
	if errors.Is(err, os.ErrNotExist) {
		return finding{"secret key", skipped, file + " is not there; gnista serve makes it where there is no database yet", ""}
	}
	if err != nil {
		return finding{"secret key", wrong, err.Error(), "let the user that gnista runs as read it"}
	}
	if info.Mode().Perm()&0o077 != 0 {
		return finding{"secret key", wrong, fmt.Sprintf("others can read %s (%v)", file, info.Mode().Perm()), "chmod 600 " + file}
	}
	if _, err := secretFile(file); err != nil {
		return finding{"secret key", wrong, err.Error(), "restore it from a backup; without it nothing that is sealed can be read"}
	}
	return finding{"secret key", fine, "only its owner can read " + file, ""}
}

// inspectWithin is how long the structure of a database may be looked at.
const inspectWithin = time.Minute

func (s *serve) checkDatabase(ctx context.Context) []finding {
	address, err := s.existing()
	if err != nil {
		return []finding{{"database", skipped, err.Error(), ""}}
	}
	file, err := store.Kind(address)
	if err != nil {
		return []finding{{"database", wrong, err.Error(), "put --database right"}}
	}
	secret, err := certifying{SecretKey: s.SecretKey}.secret(s.Data)
	if err != nil {
		return []finding{{"database", skipped, "without its key", ""}}
	}
	if _, err := os.Stat(filepath.Join(s.Data, keyName)); err != nil && s.SecretKey == "" {
		return []finding{{"database", wrong, "there is a database and no secret key", "restore " + keyName + " from a backup, or set GNISTA_SECRET_KEY"}}
	}
	ctx, cancel := context.WithTimeout(ctx, inspectWithin)
	defer cancel()
	has, err := store.SchemaOf(ctx, address)
	if err != nil {
		return []finding{{"database", wrong, err.Error(), "see that the database runs and that this user may open it"}}
	}
	known, err := store.KnownSchema()
	if err != nil {
		return []finding{{"database", wrong, err.Error(), ""}}
	}
	list := []finding{{"database", fine, fmt.Sprintf("it answers, and its schema has version %d", has), ""}}
	if file != "" {
		list = append(list, inspected(ctx, file))
	}
	switch {
	case has > known:
		return append(list, finding{"schema", wrong, fmt.Sprintf("version %d, of a newer gnista than this (%d)", has, known), "use the newer one; there is no way back but a backup"})
	case has < known:
		return append(list, finding{"schema", warning, fmt.Sprintf("version %d, and this gnista needs %d", has, known), "make a backup; gnista serve brings it up to date, as gnista migrate does"})
	}
	db, err := store.OpenToRead(ctx, address, secret)
	if err == nil {
		defer db.Close()
		err = db.Proves(ctx)
	}
	if err != nil {
		return append(list, finding{"key of the database", wrong, err.Error(), "restore the secret key that the database was made with"})
	}
	last, err := db.LastEventAt(ctx)
	ahead := time.Until(last)
	switch {
	case err != nil:
		list = append(list, finding{"clock", skipped, err.Error(), ""})
	case ahead > time.Minute:
		list = append(list, finding{"clock", wrong, fmt.Sprintf("the newest event in the database is of %s, %v ahead of this machine's clock", last.Format(time.RFC3339), ahead.Round(time.Second)), "set the clock, and keep it so with chrony or systemd-timesyncd"})
	default:
		list = append(list, finding{"clock", fine, time.Now().UTC().Format(time.RFC3339) + ", behind which all events are", ""})
	}
	return list
}

func inspected(ctx context.Context, file string) finding {
	x, err := store.Inspect(ctx, file, true)
	switch {
	case ctx.Err() != nil:
		return finding{"structure of the database", skipped, fmt.Sprintf("it takes longer than %v", inspectWithin), "gnista restore --verify checks that of a backup"}
	case err != nil:
		return finding{"structure of the database", wrong, err.Error(), "restore the newest backup that gnista restore --verify finds good"}
	case len(x.Problems) > 0:
		return finding{"structure of the database", wrong, strings.Join(x.Problems, "; "), "end gnista serve, keep the file, and restore the newest backup that gnista restore --verify finds good"}
	}
	return finding{"structure of the database", fine, "SQLite finds no mistake", ""}
}

// checkCertificates looks when our own certificates end.
func (s *serve) checkCertificates() []finding {
	var list []finding
	for _, file := range s.TLSCert {
		f := finding{Check: "certificate " + file}
		text, err := os.ReadFile(file)
		if err == nil {
			chain, bad := pki.ParseChain("certificates", string(text))
			if err = bad; err == nil {
				left := time.Until(chain[0].NotAfter)
				f.State, f.Found = fine, "good until "+chain[0].NotAfter.UTC().Format(time.RFC3339)
				if left < s.Expiring {
					f.State, f.Do = warning, "renew it; newer files are used without a restart"
				}
				if left < 0 || time.Now().Before(chain[0].NotBefore) {
					f.State, f.Do = wrong, "renew it: no station connects with TLS"
				}
			}
		}
		if err != nil {
			f.State, f.Found, f.Do = wrong, err.Error(), "put --tls-cert right"
		}
		list = append(list, f)
	}
	return list
}

// answers looks whether the address is ours, or free.
func (s *serve) answers(ctx context.Context) finding {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", s.Listen)
	if err == nil {
		l.Close()
		return finding{"server", warning, "none runs: " + s.Listen + " is free", "start gnista serve"}
	}
	body, status, ours, asked := ask(ctx, local(s.Listen), "/readyz?verbose")
	switch {
	case asked != nil:
		return finding{"server", wrong, fmt.Sprintf("%v; nor does anything answer there: %v", err, asked), "choose another --listen, or end what is there"}
	case !ours:
		return finding{"server", wrong, "something else than gnista answers on " + s.Listen, "choose another --listen, or end what is there"}
	case status != http.StatusOK:
		return finding{"server", wrong, "it answers on " + s.Listen + " and is not ready: " + strings.Join(strings.Fields(body), " "), "see its log"}
	}
	return finding{"server", fine, "it answers on " + s.Listen + " and is ready", ""}
}

// checkAdmin looks whether metrics are served.
func (s *serve) checkAdmin(ctx context.Context) finding {
	if s.AdminListen == "" {
		return finding{"metrics", warning, "nobody can watch the system: --admin-listen is not set", "set it to an address of this machine, as 127.0.0.1:9091"}
	}
	text, status, _, err := ask(ctx, local(s.AdminListen), "/metrics")
	switch {
	case err != nil:
		return finding{"metrics", warning, "nothing answers on " + s.AdminListen, "start gnista serve with --admin-listen"}
	case status != http.StatusOK || !strings.Contains(text, "gnista_build_info"):
		return finding{"metrics", wrong, "something else than gnista answers on " + s.AdminListen, "choose another --admin-listen, or end what is there"}
	case !strings.Contains(text, fmt.Sprintf("version=%q", version)):
		return finding{"metrics", warning, "the server that runs has another version than this program, " + version, "restart it"}
	}
	return finding{"metrics", fine, "they are served on " + s.AdminListen, ""}
}

// local is an address to ask, where one is listened to that may be any of this machine.
func local(address string) string {
	host, port, err := net.SplitHostPort(address)
	if ip := net.ParseIP(host); err == nil && (host == "" || ip != nil && ip.IsUnspecified()) {
		return net.JoinHostPort("localhost", port)
	}
	return address
}

// maxAsked is how much of an answer is read.
const maxAsked = 32 << 20

// ask asks an address of this machine, and tells whether what answers is one of us.
func ask(ctx context.Context, address, path string) (text string, status int, ours bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+path, nil)
	if err != nil {
		return "", 0, false, err
	}
	resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
	if err != nil {
		return "", 0, false, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxAsked))
	return string(b), resp.StatusCode, resp.Header.Get("X-Request-Id") != "", err
}
