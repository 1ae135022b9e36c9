package access

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"time"

	"gnista"
)

// Entry is one line of the log of what was changed, and by whom. Each has a hash of itself and of the one before,
// so that none can be changed or taken out without all later ones being other ones.
type Entry struct {
	Seq     int64 // 1, 2, … without gaps
	At      time.Time
	User    string // id; empty for the admin token and for this machine
	Name    string // of who did it
	Action  string // the operation, as the description of the API calls it
	Station gnista.StationID
	Site    string
	Path    string // of the request
	Input   string // what was asked for, without secrets
	Reason  string // that was given
	Stage   Stage
	Status  int    // of the answer
	Of      int64  // of a result: the line of what was asked
	Remote  string // address
	Hash    string
}

// Stage is when a line was written.
type Stage string

// The stages.
const (
	Asked  Stage = "asked" // before anything was done
	Result Stage = "result"
)

// AuditFilter selects lines, the newest first.
type AuditFilter struct {
	User    string
	Action  string
	Station gnista.StationID
	Site    string
	Before  int64 // only those with a lower number; 0 is all
	Limit   int
}

// AuditStore keeps the log. Lines are added and never changed.
type AuditStore interface {
	// AddAuditEntry gives an entry the next number and its hash, and keeps it.
	AddAuditEntry(ctx context.Context, e Entry) (Entry, error)
	AuditEntries(ctx context.Context, f AuditFilter) ([]Entry, error)
	// EachAuditEntry gives all lines in order, behind a number.
	EachAuditEntry(ctx context.Context, after int64, each func(Entry) error) error
}

// Sum is the hash of an entry behind one with the hash before.
func (e Entry) Sum(before string) string {
	h := sha256.New()
	write := func(s string) {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(s)))
		h.Write(n[:])
		h.Write([]byte(s))
	}
	for _, s := range []string{
		before, fmt.Sprint(e.Seq), fmt.Sprint(e.At.UnixMilli()), e.User, e.Name, e.Action, string(e.Station), e.Site, e.Path, e.Input, e.Reason, string(e.Stage),
		fmt.Sprint(e.Status), fmt.Sprint(e.Of), e.Remote,
	} {
		write(s)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Check goes through the log, and finds the first line that is not as it was written or that is missing. It returns
// how many it has seen and the last hash, by which it is known whether lines were cut off at the end.
func Check(ctx context.Context, s AuditStore) (lines int64, last string, err error) {
	err = s.EachAuditEntry(ctx, 0, func(e Entry) error {
		if e.Seq != lines+1 {
			return gnista.Errorf(gnista.Conflict, "line %d of the log is missing", lines+1)
		}
		if e.Sum(last) != e.Hash {
			return gnista.Errorf(gnista.Conflict, "line %d of the log is not as it was written", e.Seq)
		}
		lines, last = e.Seq, e.Hash
		return nil
	})
	return lines, last, err
}
