package fault

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"

	"gnista"
	"gnista/station"
)

// Intake makes reports of what events tell.
type Intake struct {
	Faults     *Faults
	Connectors Connectors
}

// Connectors tells what is known of connectors. A station.StateStore does.
type Connectors interface {
	// Connectors lists the connectors of a station in order.
	Connectors(ctx context.Context, id gnista.StationID) ([]station.Connector, error)
}

// Take takes in an event. It may be given one again. What is no fault, or cannot be read, is passed over.
func (in *Intake) Take(ctx context.Context, ev gnista.Event) error {
	take := in.taker(ev.Kind)
	if take == nil {
		return nil
	}
	err := take(ctx, ev)
	if gnista.CodeOf(err) == gnista.NotFound {
		return nil // its station was deleted
	}
	return err
}

// Begin clears what stations have told to be over while nobody took it in, or what was known of in memory only when
// we ended without a word: what is stored of connectors is the last that they told.
func (in *Intake) Begin(ctx context.Context) error {
	list, err := in.Faults.stations(ctx)
	if err != nil {
		return err
	}
	for _, id := range list {
		if err := in.lapse(ctx, id); err != nil && gnista.CodeOf(err) != gnista.NotFound {
			return err
		}
	}
	return nil
}

func (in *Intake) lapse(ctx context.Context, id gnista.StationID) error {
	list, err := in.Connectors.Connectors(ctx, id)
	if err != nil {
		return err
	}
	for _, c := range list {
		o := outlet{c.EVSE.ID, c.EVSE.Connector, string(c.Status), c.ErrorCode, c.VendorID, c.VendorCode, c.Info}
		now, err := in.reports(ctx, gnista.Event{Station: id}, o, ByStatus)
		if err != nil {
			return err
		}
		if c.Status == station.Faulted && len(now) == 0 {
			continue // whatever is known of it stays
		}
		if err := in.Faults.Lapse(ctx, Place{Station: id, EVSE: c.EVSE}, ByStatus, in.Faults.Now(), now); err != nil {
			return err
		}
	}
	return nil
}

// Tells tells whether events of a kind can tell of faults.
func Tells(kind string) bool { return (*Intake)(nil).taker(kind) != nil }

func (in *Intake) taker(kind string) func(context.Context, gnista.Event) error {
	switch kind {
	case "station.registered":
		return in.registered
	case "connector.status":
		return in.status
	case "station.vendor-status":
		return in.vendorStatus
	case "station.notice":
		return in.notice
	case "security.event":
		return in.security
	case "transaction.ended":
		return in.stop
	case "station.transfer":
		return in.transfer
	case "station.command":
		return in.command
	case "station.verdict":
		return in.verdict
	case "site.power-exceeded", "site.power-back":
		return in.power
	case "site.meter-silent", "site.meter-back":
		return in.meter
	case "site.profile-refused", "site.profile-followed":
		return in.profile
	}
	return nil
}

// read reads the data of an event; it tells whether it could.
func read[T any](ev gnista.Event, into *T) bool { return json.Unmarshal(ev.Data, into) == nil }

// maker is whose station it is, as it said at boot.
func (in *Intake) maker(ctx context.Context, id gnista.StationID) (string, error) {
	a, err := in.Faults.find(ctx, id)
	return a.vendor, err
}

// registered forgets what is known of a station that was deleted before: its faults went with it.
func (in *Intake) registered(ctx context.Context, ev gnista.Event) error {
	return in.Faults.look(ctx, ev.Station)
}

// outlet is what is told of a connector.
type outlet struct {
	EVSE       int    `json:"evse"`
	Connector  int    `json:"connector"`
	Status     string `json:"status"`
	ErrorCode  string `json:"errorCode"`
	VendorID   string `json:"vendorId"`
	VendorCode string `json:"vendorErrorCode"`
	Info       string `json:"info"`
}

func (o outlet) at() gnista.EVSE { return gnista.EVSE{ID: o.EVSE, Connector: o.Connector} }

// status takes in the status of a connector: what it says now replaces what it said before.
// (OCPP 1.6 §4.9, OCPP 2.x G01)
func (in *Intake) status(ctx context.Context, ev gnista.Event) error {
	if !telling(ev.Data) {
		if open, err := in.Faults.any(ctx, ev.Station); err != nil || !open {
			return err // a clean status of a station with nothing open, as most are
		}
	}
	var o outlet
	if !read(ev, &o) {
		return nil
	}
	now, err := in.reports(ctx, ev, o, ByStatus)
	if err != nil {
		return err
	}
	if o.Status == string(station.Faulted) && len(now) == 0 {
		explained, err := in.explained(ctx, ev.Station, o.at())
		if err != nil || explained {
			return err
		}
		now = []Report{{Key: WithoutCode, Station: ev.Station, EVSE: o.at(), Way: ByStatus, At: ev.At, Seq: ev.Seq, Raw: Raw{Status: o.Status}}}
	}
	return in.Faults.Level(ctx, Place{Station: ev.Station, EVSE: o.at()}, ByStatus, ev.At, ev.Seq, now)
}

// telling tells whether there can be a fault in the data of a status.
func telling(data []byte) bool {
	return bytes.Contains(data, []byte(`"faulted"`)) || bytes.Contains(data, []byte(`rrorCode"`))
}

// reports are what a status tells of, each with a key of its own.
func (in *Intake) reports(ctx context.Context, ev gnista.Event, o outlet, way Way) ([]Report, error) {
	codes, infos := split(o.VendorCode, o.Info)
	if len(codes) == 0 && o.ErrorCode == "" {
		return nil, nil
	}
	if len(codes) == 0 {
		codes, infos = []string{""}, []string{o.Info}
	}
	maker, err := in.maker(ctx, ev.Station)
	if err != nil {
		return nil, err
	}
	var list []Report
	for i, code := range codes {
		r := Report{Station: ev.Station, EVSE: o.at(), Way: way, At: ev.At, Seq: ev.Seq, Raw: Raw{Status: o.Status, Code: o.ErrorCode, VendorID: o.VendorID, VendorCode: code, Info: infos[i]}}
		r.Key = in.Faults.Catalogue.KeyOf(maker, r.Raw)
		e := in.Faults.Catalogue.Find(r.Key, r.Raw)
		r.AtMost = o.atMost(e)
		if !slices.ContainsFunc(list, func(x Report) bool { return x.Key == r.Key }) && !e.NoFault {
			list = append(list, r)
		}
	}
	return list, nil
}

// atMost is how bad what an outlet tells of can be, as it says how it works (quirks Q28, Q30).
func (o outlet) atMost(e Entry) Severity {
	switch {
	case o.Status == "", strings.EqualFold(o.Status, string(station.Faulted)):
		return ""
	case o.Status == string(station.Finishing), o.ErrorCode == "" && !e.Known:
		return Info
	}
	return Medium
}

// maxCodes is how many codes of one message are told apart.
const maxCodes = 10

// split takes a list of codes apart, with what is said of each: the codes of ChargeX are joined by semicolons,
// those of EVgo by commas, and the n-th text is of the n-th code. What means nothing is left out.
func split(codes, infos string) (list, said []string) {
	by := ";"
	if !strings.Contains(codes, by) && listed(codes) {
		by = ","
	}
	parts, texts := strings.Split(codes, by), strings.Split(infos, by)
	for i, code := range parts {
		if code = strings.TrimSpace(code); nothing(codeOf(code)) || len(list) == maxCodes {
			continue
		}
		text := infos
		if len(parts) > 1 && len(texts) == len(parts) {
			text = strings.TrimSpace(texts[i])
		}
		list, said = append(list, code), append(said, text)
	}
	return list, said
}

// listed tells whether commas in a text stand between codes rather than in a sentence.
func listed(text string) bool {
	const longest = 30
	for part := range strings.SplitSeq(text, ",") {
		part = strings.TrimSpace(part)
		if part == "" || len(part) > longest || strings.ContainsAny(part, " \t") {
			return false
		}
	}
	return true
}

// explained tells whether something that is open explains that an outlet is faulted and does not say why: its own
// known cause (quirk Q27), or what the station told of it or of the whole station in another way.
func (in *Intake) explained(ctx context.Context, id gnista.StationID, at gnista.EVSE) (bool, error) {
	list, err := in.Faults.open(ctx, id)
	for _, x := range list {
		if x.Key != WithoutCode && x.explains(at) {
			return true, err
		}
	}
	return false, err
}

// explains tells whether a fault can be why an outlet is faulted.
func (f *Fault) explains(at gnista.EVSE) bool {
	switch f.Way {
	case ByStatus:
		return f.EVSE == at
	case ByNotice, ByVendor:
		return f.Severity != Info && (f.EVSE.ID == 0 || f.EVSE.ID == at.ID && (f.EVSE.Connector == 0 || f.EVSE.Connector == at.Connector))
	}
	return false
}

// weigh opens or clears that outlets are faulted without a code, after something else that may explain it has.
func (in *Intake) weigh(ctx context.Context, ev gnista.Event) error {
	list, err := in.Connectors.Connectors(ctx, ev.Station)
	if err != nil {
		return err
	}
	for _, c := range list {
		if c.Status != station.Faulted || c.ErrorCode != "" || !nothing(codeOf(c.VendorCode)) {
			continue
		}
		explained, err := in.explained(ctx, ev.Station, c.EVSE)
		if err != nil {
			return err
		}
		r := Report{Key: WithoutCode, Station: ev.Station, EVSE: c.EVSE, Way: ByStatus, At: ev.At, Seq: ev.Seq, Cleared: explained, Raw: Raw{Status: string(c.Status)}}
		if err := in.Faults.Report(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

// vendorStatus takes in what a message of the vendor's own says of a connector: what it says now replaces what such
// messages said before. (OCPP 1.6 §4.3)
func (in *Intake) vendorStatus(ctx context.Context, ev gnista.Event) error {
	var o outlet
	if !read(ev, &o) {
		return nil
	}
	now, err := in.reports(ctx, ev, o, ByVendor)
	if err != nil {
		return err
	}
	if err := in.Faults.Level(ctx, Place{Station: ev.Station, EVSE: o.at()}, ByVendor, ev.At, ev.Seq, now); err != nil {
		return err
	}
	return in.weigh(ctx, ev)
}
