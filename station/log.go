package station

import (
	"context"
	"io"
	"strings"
	"time"
	"unicode"

	"gnista"
)

// SendLog orders a station to send a log. (OCPP 1.6 §5.9, security whitepaper K01, OCPP 2.x N01)
type SendLog struct {
	Number        int // of the [Transfer]
	Kind          TransferKind
	Location      string
	From, To      time.Time // zero is open
	Retries       int       // 0 leaves it to the station
	RetryInterval time.Duration
}

func (SendLog) Answers() (a Answer) { return a }

func (o SendLog) Told() Told {
	return Told{Kind: "log", Note: string(o.Kind), Effect: effectTransfer(o.Number), Within: 24 * time.Hour}
}

// Check finds what no station could follow.
func (o SendLog) Check() error {
	switch o.Kind {
	case DiagnosticsLog, SecurityLog, DataLog:
	default:
		return gnista.Invalidf("kind", "%q is not diagnostics, security or data-collector", o.Kind)
	}
	if !o.From.IsZero() && !o.To.IsZero() && !o.From.Before(o.To) {
		return gnista.Invalidf("to", "is not after from")
	}
	if err := checkLocation("location", o.Location); err != nil {
		return err
	}
	return checkRetries(o.Retries, o.RetryInterval)
}

// FetchLog orders a station to send a log, to us where the order has no location: the address that it
// is told can be used for nothing else (OCPP 2.x N01.FR.17). Invalid, NotFound, Offline.
func (n *Network) FetchLog(ctx context.Context, id gnista.StationID, o SendLog) (Transfer, Answer, error) {
	t := Transfer{Station: id, Kind: o.Kind, DueAt: n.Now()}
	if o.Location == "" {
		base, err := n.base()
		if err != nil {
			return Transfer{}, Answer{}, err
		}
		key := n.NewID()
		o.Location, t.Key = base+UploadPath+key+"/", keySum(key) // OCPP 2.x N01.FR.21: the station adds its name for the file
	} else {
		t.Location = shownLocation(o.Location)
	}
	return n.begin(ctx, t, func(t Transfer) Order[Answer] { o.Number = t.Number; return o })
}

const (
	maxLog     = 256 << 20           // bytes of a log
	maxUploads = 10                  // files that one order may bring in, as stations try again
	logsFor    = 90 * 24 * time.Hour // that logs are kept
)

// Receive takes in a log that a station sends under a key. When it sends one again, as after an answer
// that it did not get, the last one counts. NotFound when the key is not one of ours or has been used
// up, Invalid when the file is too long or empty.
func (n *Network) Receive(ctx context.Context, key, name string, r io.Reader) error {
	t, err := n.Transfers.TransferByKey(ctx, keySum(key))
	if err != nil {
		return gnista.Errorf(gnista.NotFound, "nothing is expected here")
	}
	if t.State.Ended() || t.Uploads >= maxUploads {
		return gnista.Errorf(gnista.NotFound, "what was expected here has come, or is not expected any more")
	}
	f, err := n.keep(ctx, File{ID: n.NewID(), Kind: LogFile, Name: logName(name), Key: n.NewID(), At: n.Now()}, r, maxLog)
	if err != nil {
		return err
	}
	before, taken := "", false
	err = n.Transfers.ChangeTransfers(ctx, t.Station, func(open []Transfer) []gnista.Event {
		list := only(t.ID)(open)
		if taken = len(list) > 0; !taken {
			return nil
		}
		x := list[0]
		before, x.File, x.ChangeAt = x.File, f.ID, n.Now()
		x.Uploads++
		return []gnista.Event{n.event("station.transfer", x.Station, x.ID, map[string]any{"kind": x.Kind, "state": x.State, "file": f.ID})}
	})
	if before != "" {
		n.RemoveFile(ctx, before)
	}
	if err == nil && !taken {
		n.RemoveFile(ctx, f.ID)
		return gnista.Errorf(gnista.NotFound, "what was expected here is not expected any more")
	}
	return err
}

// logName is the name of a file as the station gives it, fit to be shown and saved: no path, nothing
// that a shell or a browser would understand otherwise.
func logName(name string) string {
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	var b strings.Builder
	for _, r := range name {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("-_.", r) {
			b.WriteRune(r)
		}
		if b.Len() > maxText {
			break
		}
	}
	name = strings.TrimLeft(b.String(), ".-")
	if name == "" {
		return "log"
	}
	return name
}

// sweepFiles deletes logs that are too old.
func (n *Network) sweepFiles(ctx context.Context) error {
	list, err := n.Transfers.OldFiles(ctx, LogFile, n.Now().Add(-logsFor), 100)
	if err != nil {
		return err
	}
	for _, f := range list {
		if err := n.RemoveFile(ctx, f.ID); err != nil && gnista.CodeOf(err) != gnista.NotFound {
			return err
		}
	}
	return nil
}
