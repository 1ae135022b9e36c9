package fault

import (
	"context"
	"strings"
	"time"

	"gnista"
	"gnista/station"
)

// security takes in a security event. (OCPP 2.x A04, 1.6 security whitepaper A04)
func (in *Intake) security(ctx context.Context, ev gnista.Event) error {
	var s struct {
		Type     string
		Critical bool
		Info     string
	}
	if !read(ev, &s) || s.Type == "" {
		return nil
	}
	r := Report{Key: Key{Security, codeOf(s.Type)}, Station: ev.Station, Way: BySecurity, At: ev.At, Seq: ev.Seq, Once: true, Severity: Low, Raw: Raw{Code: s.Type, Info: s.Info}}
	if s.Critical {
		r.Severity = Medium
	}
	return in.Faults.Report(ctx, r)
}

// stop takes in why a transaction ended, where that is a fault. (OCPP 1.6 §7.36, OCPP 2.x ReasonEnumType)
func (in *Intake) stop(ctx context.Context, ev gnista.Event) error {
	var t struct {
		EVSE, Connector int
		StopReason      string
	}
	if !read(ev, &t) || t.StopReason == "" {
		return nil
	}
	r := Report{
		Key: Key{Stop, codeOf(t.StopReason)}, Station: ev.Station, EVSE: gnista.EVSE{ID: t.EVSE, Connector: t.Connector}, Way: ByStop, At: ev.At, Seq: ev.Seq, Once: true,
		Transaction: ev.Subject, Raw: Raw{Code: t.StopReason},
	}
	if e := in.Faults.Catalogue.Find(r.Key, Raw{}); !e.Known || e.NoFault {
		return nil // most reasons are none
	}
	return in.Faults.Report(ctx, r)
}

// transfer takes in that firmware, a log or diagnostics failed, or did not after all.
func (in *Intake) transfer(ctx context.Context, ev gnista.Event) error {
	var t struct {
		Kind   station.TransferKind
		State  station.TransferState
		Detail string
	}
	if !read(ev, &t) {
		return nil
	}
	code := "LogFailed"
	if t.Kind == station.FirmwareUpdate || t.Kind == station.FirmwarePublish {
		code = "FirmwareFailed"
	}
	r := Report{Key: Key{Own, code}, Station: ev.Station, Way: ByTransfer, At: ev.At, Seq: ev.Seq, Once: true, Raw: Raw{Status: string(t.State), Code: t.Detail}, Facts: map[string]any{"kind": string(t.Kind)}}
	switch t.State {
	case station.TransferFailed, station.TransferDeclined, station.TransferUnanswered:
		if word := codeOf(t.Detail); word != "" && !strings.ContainsAny(word, " .") {
			r.Key.Code += "." + word
		}
		return in.Faults.Report(ctx, r)
	case station.Installed, station.Published, station.Uploaded:
		return in.over(ctx, r, func(k Key) bool { return k.Source == Own && heads(k.Code, code) })
	}
	return nil
}

// heads tells whether a code is one, or one of those below it.
func heads(code, head string) bool { return code == head || strings.HasPrefix(code, head+".") }

// over clears the faults of a station as a whole that fit, as r says.
func (in *Intake) over(ctx context.Context, r Report, fits func(Key) bool) error {
	list, err := in.Faults.open(ctx, r.Station)
	for _, x := range list {
		if err != nil {
			return err
		}
		if x.Way == r.Way && fits(x.Key) {
			r.Key, r.EVSE, r.Cleared = x.Key, x.EVSE, true
			err = in.Faults.Report(ctx, r)
		}
	}
	return err
}

// command takes in what a station answered to an order, or that it did not.
func (in *Intake) command(ctx context.Context, ev gnista.Event) error {
	var c struct {
		Kind      string
		Outcome   station.Outcome
		Answer    station.AnswerStatus
		ErrorCode string
		Detail    string
	}
	if !read(ev, &c) || c.Kind == "" {
		return nil
	}
	r := Report{Station: ev.Station, Way: ByCommand, At: ev.At, Seq: ev.Seq, Once: true, Raw: Raw{Status: string(c.Outcome), Code: c.ErrorCode, Info: c.Detail}, Facts: map[string]any{"order": c.Kind}}
	switch {
	case c.ErrorCode != "":
		r.Key = Key{RPC, codeOf(c.ErrorCode)}
	case c.Outcome == station.Unknown:
		r.Key = Key{Own, "CommandUnanswered"}
	case c.Outcome == station.Failed, c.Outcome == station.Declined && c.Answer == station.Refused:
		if c.Kind == "firmware" || c.Kind == "publish-firmware" || c.Kind == "log" {
			return nil // which is told of by itself
		}
		r.Key = Key{Own, "CommandFailed." + codeOf(c.Kind)}
	case c.Outcome == station.Agreed, c.Outcome == station.Happened:
		return in.over(ctx, r, func(k Key) bool {
			return k == Key{Own, "CommandUnanswered"} || k == Key{Own, "CommandFailed." + codeOf(c.Kind)}
		})
	default:
		return nil // it has no such thing, or was never asked
	}
	return in.Faults.Report(ctx, r)
}

// verdict takes in that a station was turned away, or that what it sends is. That we closed a connection is no fault
// by itself: what led to it is.
func (in *Intake) verdict(ctx context.Context, ev gnista.Event) error {
	var v struct {
		Cause  station.Cause
		Reason string
		Action string
		Remote string
	}
	if !read(ev, &v) || v.Cause == station.ConnectionEnded || v.Cause == "" {
		return nil
	}
	r := Report{
		Key: Key{Own, "HandshakeRefused." + codeOf(string(v.Cause))}, Station: ev.Station, Way: ByHandshake, At: ev.At, Seq: ev.Seq, Once: true,
		Raw: Raw{Code: string(v.Cause), Info: v.Reason}, Facts: map[string]any{"remote": v.Remote},
	}
	if v.Cause == station.RejectedFrame {
		r.Key, r.Facts = Key{Own, "MessagesRejected"}, map[string]any{"action": v.Action}
	}
	return in.Faults.Report(ctx, r)
}

// power takes in that the power of a site, or of a part of it, was exceeded, or is back within the limit.
func (in *Intake) power(ctx context.Context, ev gnista.Event) error {
	var p struct {
		Site, Node, Name, Phase, Unit string
		Since                         time.Time
		Measured, Limit               float64
	}
	if !read(ev, &p) || p.Site == "" {
		return nil
	}
	r := Report{
		Key: PowerLimitExceeded, Site: p.Site, Way: ByPower, At: ev.At, Seq: ev.Seq, Cleared: ev.Kind == "site.power-back",
		Facts: map[string]any{"node": p.Node, "name": p.Name, "phase": p.Phase},
	}
	if where := codeOf(strings.Trim(p.Node+" "+p.Phase, " ")); where != "" {
		r.Key.Code += "." + where // several parts of a site may be over their limits
	}
	if !p.Since.IsZero() {
		r.Facts["since"] = p.Since.UTC().Format(time.RFC3339)
	}
	if p.Unit == "W" {
		r.Facts["measuredKW"], r.Facts["limitKW"] = p.Measured/1000, p.Limit/1000
	} else {
		r.Facts["measuredA"], r.Facts["limitA"] = p.Measured, p.Limit
	}
	return in.Faults.Report(ctx, r)
}

// meter takes in that a meter of a site has fallen silent, or is heard again.
func (in *Intake) meter(ctx context.Context, ev gnista.Event) error {
	var p struct {
		Site, Node, Name string
		Since            time.Time
	}
	if !read(ev, &p) || p.Site == "" {
		return nil
	}
	r := Report{
		Key: Key{Own, "MeterStale"}, Site: p.Site, Way: ByPower, At: ev.At, Seq: ev.Seq, Cleared: ev.Kind == "site.meter-back",
		Facts: map[string]any{"node": p.Node, "name": p.Name, "since": p.Since.UTC().Format(time.RFC3339)},
	}
	if where := codeOf(p.Node); where != "" {
		r.Key.Code += "." + where // a site may have several meters
	}
	return in.Faults.Report(ctx, r)
}

// profile takes in that a station does not do as the power of its site wants, or does again.
func (in *Intake) profile(ctx context.Context, ev gnista.Event) error {
	var p struct {
		Site, Node, Reason, Detail string
		EVSE                       int
		AskedA, MeasuredA          float64
	}
	if !read(ev, &p) || ev.Station == "" {
		return nil
	}
	facts := map[string]any{"reason": p.Reason, "node": p.Node, "limitA": p.AskedA}
	if p.MeasuredA > 0 {
		facts["measuredA"] = p.MeasuredA
	}
	return in.Faults.Report(ctx, Report{
		Key: NotFollowingLimit, Station: ev.Station, EVSE: gnista.EVSE{ID: p.EVSE}, Way: ByPower, At: ev.At, Seq: ev.Seq, Cleared: ev.Kind == "site.profile-followed",
		Raw: Raw{Info: p.Detail}, Facts: facts,
	})
}
