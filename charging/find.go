package charging

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"gnista"
	"gnista/token"
)

// find finds the transaction that the event is about, or makes it. It is nil for meter values that
// belong to none.
func (r *recording) find() (*Transaction, error) {
	if r.Version == gnista.V16 || r.Ref == "" && r.Kind != Started {
		return r.findLoosely()
	}
	t, err := r.tx.ByRef(r.station, r.Ref)
	if err != nil || t != nil && !r.another(t) {
		return t, err
	}
	if t != nil {
		r.rename(t)
	}
	return r.create(r.Ref, "")
}

// another tells whether the event begins another transaction than t, which has its name: stations count
// anew after a reset or an update. A repeat of the event that began t tells the same time. Where a
// clock cannot be believed, or t's was set meanwhile, the register tells: it does not stand still.
func (r *recording) another(t *Transaction) bool {
	if family(r.Version) != family(t.Version) {
		return true
	}
	if r.Kind != Started || !t.Progress.Started || t.State != Ended {
		return false
	}
	var begin *Reading
	if list := readings(r.samples()); len(list) > 0 {
		begin = &list[0].Reading
	}
	told := begin != nil && t.Meter.Begin != nil
	if r.skewed || slices.Contains(t.Review, ClockSkew) {
		return told && begin.MWh != t.Meter.Begin.MWh
	}
	moved := t.EnergyWh > 0 && told && begin.MWh != 0
	return !r.at.Equal(t.StartedAt) && !(moved && begin.MWh == t.Meter.Begin.MWh)
}

// family tells the versions apart that give names to transactions in different ways.
func family(v gnista.Version) bool { return v == gnista.V16 }

// rename takes its name from a transaction, for another one that has it now.
func (r *recording) rename(t *Transaction) {
	t.Ref += "~" + t.ID
	r.also = append(r.also, t)
}

// findLoosely is find where what names a transaction may be missing or wrong.
func (r *recording) findLoosely() (*Transaction, error) {
	if r.Kind == Started {
		return r.findStart()
	}
	if r.brokenRef() {
		if t, err := r.repaired(); t != nil || err != nil {
			return t, err
		}
	} else if t, err := r.tx.ByRef(r.station, r.Ref); err != nil || t != nil && family(t.Version) == family(r.Version) {
		return t, err
	}
	if r.Kind != Stopped {
		return nil, nil
	}
	// The start never came, so there is nothing to add this to. It is kept, and a repeat finds it.
	key := fmt.Sprintf("stop|%s|%d|%d", r.Ref, r.Event.At.UnixMilli(), r.endMWh())
	t, err := r.tx.ByStart(r.station, key)
	if t != nil || err != nil {
		return t, err
	}
	if t, err = r.create("orphan-"+r.newID(), key); err == nil {
		t.flag(OrphanStop)
		t.Progress.Started = true // nothing more is to be waited for
		if r.decision != nil {
			t.Token = r.decision.ID
		}
	}
	return t, err
}

// findStart is find for a start of OCPP 1.6, which has no name yet.
func (r *recording) findStart() (*Transaction, error) {
	key := r.StartKey
	for {
		t, err := r.tx.ByStart(r.station, key)
		if err != nil {
			return nil, err
		}
		if t == nil {
			break
		}
		// A station whose clock stands still sends the same start for different cars. It is the
		// same one only while that has not ended.
		if t.State == Active || !r.skewed {
			return t, nil
		}
		key = r.StartKey + "|" + t.ID
	}
	n, err := r.tx.Number()
	if err != nil {
		return nil, err
	}
	// The number is what a station knows the transaction by, so it stays within its 31 bits.
	ref := strconv.FormatInt((n-1)%math.MaxInt32+1, 10)
	if t, err := r.tx.ByRef(r.station, ref); err != nil {
		return nil, err
	} else if t != nil {
		r.rename(t)
	}
	return r.create(ref, key)
}

func (r *recording) endMWh() int64 {
	if r.End == nil {
		return -1
	}
	return r.End.MWh
}

// brokenRef tells a transaction id that a station made up, because it never got ours or lost it
// (quirks Q44–Q46), from one that may be another transaction's.
func (r *recording) brokenRef() bool {
	n, err := strconv.ParseInt(r.Ref, 10, 64)
	return err != nil || n <= 0 || n == math.MaxInt64
}

// repaired is the transaction that a broken id must mean: the one that is open at the EVSE, or on the
// station when the event does not tell the EVSE. When there are several it could be any. An end that
// another has taken is its repeat; one that does not fit the open transaction is not its end.
func (r *recording) repaired() (*Transaction, error) {
	if r.Kind == Updated && r.EVSE.ID == 0 {
		return nil, nil // the station's own meter
	}
	if r.Kind == Stopped && !r.skewed {
		ended, err := r.tx.EndedAt(r.station, r.at)
		if err != nil {
			return nil, err
		}
		for _, t := range ended {
			if slices.Contains(t.Review, RepairedRef) && !r.conflicts(t) {
				return t, nil
			}
		}
	}
	open, err := r.tx.Open(r.station, r.EVSE.ID)
	if err != nil || len(open) != 1 || r.Kind == Stopped && !r.fits(open[0]) {
		return nil, err
	}
	if r.Ref != "" {
		open[0].flag(RepairedRef)
	}
	return open[0], nil
}

// fits tells whether the end that the event tells of can be that of t.
func (r *recording) fits(t *Transaction) bool {
	switch {
	case !r.skewed && !slices.Contains(t.Review, ClockSkew) && r.at.Before(t.StartedAt):
		return false
	case r.End != nil && t.Meter.Begin != nil && r.End.MWh < t.Meter.Begin.MWh:
		return false
	}
	return r.decision == nil || t.Token.UID == "" || token.Key(r.decision.ID.UID) == token.Key(t.Token.UID)
}

func (r *recording) create(ref, key string) (*Transaction, error) {
	t := &Transaction{
		ID: r.newID(), Station: r.station, Version: r.Version, Ref: ref, StartKey: key, EVSE: r.EVSE,
		State: Active, StartedAt: r.at, UpdatedAt: r.now, SoC: -1,
	}
	r.made = true
	r.evs = append(r.evs, event("transaction.started", r.now, t))
	return t, nil
}
