package station

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"

	"gnista"
)

// TransferKind is what a station fetches or sends.
type TransferKind string

// The kinds.
const (
	FirmwareUpdate  TransferKind = "firmware"
	FirmwarePublish TransferKind = "publish-firmware" // by a local controller, for its stations (OCPP 2.x)
	DiagnosticsLog  TransferKind = "diagnostics"
	SecurityLog     TransferKind = "security"
	DataLog         TransferKind = "data-collector" // OCPP 2.1
)

// TransferState is how far a transfer is, over all versions.
type TransferState string

// The states. Those from Installed on are final.
const (
	TransferAsked      TransferState = "asked" // the station has not said anything of it yet
	TransferScheduled  TransferState = "scheduled"
	Downloading        TransferState = "downloading"
	DownloadPaused     TransferState = "download-paused"
	Downloaded         TransferState = "downloaded"
	Verified           TransferState = "verified"
	InstallScheduled   TransferState = "install-scheduled"
	Installing         TransferState = "installing"
	InstallRebooting   TransferState = "rebooting"
	Uploading          TransferState = "uploading"
	Installed          TransferState = "installed"
	Published          TransferState = "published"
	Uploaded           TransferState = "uploaded"
	TransferFailed     TransferState = "failed"
	TransferDeclined   TransferState = "rejected"
	TransferCancelled  TransferState = "cancelled" // another one has taken its place
	TransferUnanswered TransferState = "unknown"   // nothing was heard of it in time
)

// Ended tells whether nothing more comes of a transfer.
func (s TransferState) Ended() bool {
	switch s {
	case Installed, Published, Uploaded, TransferFailed, TransferDeclined, TransferCancelled, TransferUnanswered:
		return true
	}
	return false
}

// Transfer is a file that a station fetches or sends, and what it does with it.
type Transfer struct {
	ID       string
	Number   int // by which the station names it
	Station  gnista.StationID
	Kind     TransferKind
	State    TransferState
	Detail   string // the station's own word, or why
	Location string // where from or where to, without anything secret
	Key      string // SHA-256 of what lets the station send a file to us, in hexadecimal; empty where it does not
	Uploads  int    // files that came in
	File     string // id of the [File] that came in; empty before
	Before   string // the firmware before an update
	At       time.Time
	DueAt    time.Time // the station begins not before
	ChangeAt time.Time // when the state last changed
	EndedAt  time.Time // zero before it has
}

// TransferStore keeps transfers and what is known of files.
type TransferStore interface {
	// AddTransfer gives t the next number and keeps it.
	AddTransfer(ctx context.Context, t Transfer) (Transfer, error)
	// ChangeTransfers shows change the transfers of a station that have not ended, the newest first, and
	// keeps what it makes of them; it is not called where there are none, and may be called again. The
	// events go into the same SQL transaction.
	ChangeTransfers(ctx context.Context, id gnista.StationID, change func(open []Transfer) []gnista.Event) error
	// TransferByKey finds the transfer with a key. NotFound.
	TransferByKey(ctx context.Context, key string) (Transfer, error)
	// Transfer finds a transfer. NotFound.
	Transfer(ctx context.Context, id string) (Transfer, error)
	// Transfers lists those of a station and some kinds, the newest first, behind the one with the id before.
	Transfers(ctx context.Context, id gnista.StationID, kinds []TransferKind, before string, limit int) ([]Transfer, error)
	// StaleTransfers lists transfers that have not ended and of which nothing was heard since.
	StaleTransfers(ctx context.Context, since time.Time, limit int) ([]Transfer, error)
	// AddFile keeps what is known of a file.
	AddFile(ctx context.Context, f File) error
	// File finds a file. NotFound.
	File(ctx context.Context, id string) (File, error)
	// Files lists the files of a kind, the newest first, behind the one with the id before.
	Files(ctx context.Context, kind FileKind, before string, limit int) ([]File, error)
	// OldFiles lists files of a kind that are older than before.
	OldFiles(ctx context.Context, kind FileKind, before time.Time, limit int) ([]File, error)
	// DeleteFile forgets a file. NotFound.
	DeleteFile(ctx context.Context, id string) error
}

// transferPatience is how long nothing may be heard of a transfer before nobody knows what became of it.
const transferPatience = 48 * time.Hour

// TransferStatus is what a station says of a transfer.
type TransferStatus struct {
	Kinds  []TransferKind // it can be about
	Number *int           // nil where the station does not say
	State  TransferState  // empty where it has nothing to tell
	Detail string         // its own word
}

// ReportTransfer takes in how far a station is with a transfer: the one with the number or, where it
// says none, the newest. A number that is not known is passed over: it belongs to another system.
// (OCPP 1.6 §4.4, §4.5, OCPP 2.x L01.FR.20, N01.FR.12)
func (n *Network) ReportTransfer(ctx context.Context, id gnista.StationID, s TransferStatus) error {
	if s.State == "" {
		return nil
	}
	return n.change(ctx, id, s.State, s.Detail, func(open []Transfer) []*Transfer {
		list := each(open, func(t Transfer) bool {
			return slices.Contains(s.Kinds, t.Kind) && (s.Number == nil || *s.Number == t.Number)
		})
		return list[:min(len(list), 1)]
	})
}

// each picks the transfers that fit.
func each(open []Transfer, fits func(Transfer) bool) (list []*Transfer) {
	for i := range open {
		if fits(open[i]) {
			list = append(list, &open[i])
		}
	}
	return list
}

// only picks the transfer with an id.
func only(id string) func([]Transfer) []*Transfer {
	return func(open []Transfer) []*Transfer { return each(open, func(t Transfer) bool { return t.ID == id }) }
}

// change moves the transfers that pick takes of the open ones on, and the commands that began those
// that end with it.
func (n *Network) change(ctx context.Context, id gnista.StationID, state TransferState, detail string, pick func(open []Transfer) []*Transfer) error {
	var ended []Transfer
	err := n.Transfers.ChangeTransfers(ctx, id, func(open []Transfer) (evs []gnista.Event) {
		ended = nil
		for _, t := range pick(open) {
			t.State, t.Detail, t.ChangeAt = state, detail, n.Now()
			if state == Uploaded && t.Key != "" && t.File == "" {
				t.State, t.Detail = TransferFailed, "the station says that it has sent the file, but none came in"
			}
			if t.State.Ended() {
				t.EndedAt = t.ChangeAt
				ended = append(ended, *t)
			}
			evs = append(evs, n.event("station.transfer", id, t.ID, map[string]any{"kind": t.Kind, "state": t.State, "detail": t.Detail}))
		}
		return evs
	})
	if err != nil {
		return err
	}
	for _, t := range ended {
		if err := n.Settle(ctx, id, outcomes[t.State], t.Detail, effectTransfer(t.Number)); err != nil {
			return err
		}
	}
	return nil
}

// outcomes are what the ends of a transfer are for the command that began it.
var outcomes = map[TransferState]Outcome{
	Installed: Happened, Published: Happened, Uploaded: Happened, TransferFailed: Failed, TransferDeclined: Declined, TransferCancelled: Failed, TransferUnanswered: Unknown,
}

func effectTransfer(number int) string { return fmt.Sprintf("transfer %d", number) }

// begin keeps a transfer and gives the order for it, which says what the transfer's number is. An
// order that says that it cancels another one, or is of the same kind as one, ends that.
func (n *Network) begin(ctx context.Context, t Transfer, order func(Transfer) Order[Answer]) (Transfer, Answer, error) {
	t.ID, t.State, t.At = n.NewID(), TransferAsked, n.Now()
	t.ChangeAt = t.At
	if c, ok := order(t).(Checked); ok {
		if err := c.Check(); err != nil {
			return t, Answer{}, err
		}
	}
	if _, err := n.Store.Station(ctx, t.Station); err != nil {
		return t, Answer{}, err
	}
	t, err := n.Transfers.AddTransfer(ctx, t)
	if err != nil {
		return t, Answer{}, err
	}
	a, err := Give(ctx, n, t.Station, order(t))
	state, detail := TransferState(""), a.Detail
	switch {
	case gnista.CodeOf(err) == gnista.Timeout: // it may have begun
	case err != nil:
		state, detail = TransferDeclined, err.Error()
	case a.Status != Done && a.Status != Scheduled:
		state = TransferDeclined
	}
	ctx = context.WithoutCancel(ctx)
	if state != "" {
		if e := n.change(ctx, t.Station, state, detail, only(t.ID)); err == nil {
			err = e
		}
	} else if err == nil {
		err = n.change(ctx, t.Station, TransferCancelled, "another one was ordered", func(open []Transfer) []*Transfer {
			return each(open, func(x Transfer) bool { return x.ID != t.ID && x.Kind == t.Kind })
		})
	}
	if kept, e := n.Transfers.Transfer(ctx, t.ID); e == nil {
		t = kept
	}
	return t, a, err
}

// sweepTransfers gives up transfers of which nothing was heard for long.
func (n *Network) sweepTransfers(ctx context.Context) error {
	list, err := n.Transfers.StaleTransfers(ctx, n.Now().Add(-transferPatience), 100)
	if err != nil {
		return err
	}
	for _, t := range list {
		state, detail := TransferUnanswered, "nothing was heard of it"
		if t.File != "" {
			state, detail = Uploaded, "the file came in, and nothing more was heard"
		}
		if err := n.change(ctx, t.Station, state, detail, only(t.ID)); err != nil {
			return err
		}
	}
	return nil
}

// FileKind is what a file is for.
type FileKind string

// The kinds of files.
const (
	FirmwareFile FileKind = "firmware" // that stations fetch from us
	LogFile      FileKind = "log"      // that a station has sent
)

// File is what is known of a file that is kept.
type File struct {
	ID     string
	Kind   FileKind
	Name   string // for people
	Size   int64
	SHA256 string // in hexadecimal
	MD5    string // in hexadecimal; OCPP 2.x names firmware by it
	Key    string // part of the address under which stations fetch it; cannot be guessed
	At     time.Time
}

// Disk keeps the contents of files by their ids.
type Disk interface {
	// Put keeps what r gives, at most limit bytes. Invalid when it gives more; nothing is kept then.
	Put(id string, r io.Reader, limit int64) (size int64, sha256, md5 string, err error)
	// Open opens a file for reading. NotFound.
	Open(id string) (io.ReadSeekCloser, error)
	// Remove deletes a file, if it is there.
	Remove(id string) error
}

// Where stations fetch and send files, below the base URL.
const (
	FetchPath  = "/files/"
	UploadPath = "/uploads/"
)

// keySum is what is kept of a key.
func keySum(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

// base is the address of ours that stations can reach.
func (n *Network) base() (string, error) {
	if n.BaseURL == "" {
		return "", gnista.Errorf(gnista.Conflict, "stations cannot be told where to send files to: set --public-url")
	}
	return strings.TrimSuffix(n.BaseURL, "/"), nil
}

// shownLocation is an address without its password, for people.
func shownLocation(location string) string {
	u, err := url.Parse(location)
	if err != nil {
		return ""
	}
	return u.Redacted()
}

// checkLocation checks an address that stations fetch from or send to.
func checkLocation(field, location string) error {
	u, err := url.Parse(location)
	if err != nil || u.Scheme == "" || u.Host == "" {
		return gnista.Invalidf(field, "is not an address as in https://files.example/firmware.bin")
	}
	if u.Fragment != "" || strings.HasSuffix(u.RawQuery, "/") { // OCPP 2.1 N01.FR.27, N01.FR.28
		return gnista.Invalidf(field, "has a fragment, or a query that ends with a slash, which stations do not understand")
	}
	switch u.Scheme {
	case "http", "https", "ftp", "ftps", "sftp":
		return nil
	}
	return gnista.Invalidf(field, "has the scheme %q; stations know http, https, ftp, ftps and sftp", u.Scheme)
}
