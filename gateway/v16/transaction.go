package v16

import (
	"context"
	"math"
	"strconv"
	"strings"
	"time"

	"gnista"
	"gnista/charging"
	"gnista/gateway"
	"gnista/ocpp/ocpp16"
	"gnista/ocpp/ocppj"
	"gnista/token"
)

// OCPP 1.6 §4.1.
func (a *Adapter) authorize(ctx context.Context, s *gateway.Session, req ocpp16.AuthorizeRequest) (ocpp16.AuthorizeResponse, error) {
	d, err := a.Tokens.Authorise(ctx, token.Request{ID: token.ID{UID: s.Token(req.IDTag)}, At: a.Now(), Station: s.Station})
	if err != nil {
		return ocpp16.AuthorizeResponse{}, err
	}
	if a.Costs != nil {
		s.After(func() { a.Costs.Authorised(s.Station, token.ID{UID: req.IDTag}, d) })
	}
	return ocpp16.AuthorizeResponse{IDTagInfo: idTagInfo(d)}, nil
}

// authorizations are the domain's answers in the words of the version.
var authorizations = map[token.Status]ocpp16.AuthorizationStatus{
	token.Accepted:     ocpp16.AuthorizationStatusAccepted,
	token.Blocked:      ocpp16.AuthorizationStatusBlocked,
	token.Expired:      ocpp16.AuthorizationStatusExpired,
	token.NotYet:       ocpp16.AuthorizationStatusBlocked,
	token.Invalid:      ocpp16.AuthorizationStatusInvalid,
	token.Unknown:      ocpp16.AuthorizationStatusInvalid,
	token.Master:       ocpp16.AuthorizationStatusBlocked,
	token.NotHere:      ocpp16.AuthorizationStatusBlocked,
	token.NoCredit:     ocpp16.AuthorizationStatusBlocked,
	token.LimitReached: ocpp16.AuthorizationStatusBlocked,
	token.Concurrent:   ocpp16.AuthorizationStatusConcurrentTx,
}

// maxIDTag is the longest idTag of the version.
const maxIDTag = 20

func idTagInfo(d token.Decision) ocpp16.IDTagInfo {
	info := ocpp16.IDTagInfo{Status: authorizations[d.Status]}
	if !d.ExpiresAt.IsZero() {
		at := ocppj.At(d.ExpiresAt)
		info.ExpiryDate = &at
	}
	if len(d.Group) <= maxIDTag {
		info.ParentIDTag = d.Group
	}
	return info
}

// OCPP 1.6 §4.8. The number in the answer is a transaction's own even when the token is refused:
// what is measured afterwards must not be another's.
func (a *Adapter) startTransaction(ctx context.Context, s *gateway.Session, req ocpp16.StartTransactionRequest) (ocpp16.StartTransactionResponse, error) {
	at := evse(req.ConnectorID)
	reservation := 0
	if req.ReservationID != nil {
		reservation = *req.ReservationID
	}
	if reservation < 0 {
		s.Saw("Q56", "StartTransaction: reservationId %d", reservation)
	}
	out, err := a.Transactions.Record(ctx, s.Station, charging.Event{
		ReservationNumber: reservation,
		Kind:              charging.Started, Version: gnista.V16, At: req.Timestamp.Time, Guessed: req.Timestamp.Guessed(), EVSE: at, Token: &token.ID{UID: s.Token(req.IDTag)}, Activity: charging.Charging,
		StartKey: charging.StartKey(at.ID, req.IDTag, req.Timestamp.Format(time.RFC3339Nano)+req.Timestamp.Odd(), req.MeterStart),
		Begin:    reading(req.MeterStart),
	})
	if err != nil {
		return ocpp16.StartTransactionResponse{}, err
	}
	s.Observe(out)
	a.recorded(s, out)
	number, err := strconv.ParseInt(out.Transaction.Ref, 10, 64)
	return ocpp16.StartTransactionResponse{IDTagInfo: idTagInfo(*out.Decision), TransactionID: number}, err
}

// OCPP 1.6 §4.10. Never refused: what cannot be read is told to the domain.
func (a *Adapter) stopTransaction(ctx context.Context, s *gateway.Session, req ocpp16.StopTransactionRequest, found []ocppj.Violation) (ocpp16.StopTransactionResponse, error) {
	ev := charging.Event{
		Kind: charging.Stopped, Version: gnista.V16, Ref: strconv.FormatInt(req.TransactionID, 10), At: req.Timestamp.Time, Guessed: req.Timestamp.Guessed(),
		Reason: stopReason(req.Reason), Samples: samples(req.TransactionData, found), Signed: signed(req.TransactionData, found),
	}
	if req.IDTag != "" {
		ev.Token = &token.ID{UID: s.Token(req.IDTag)}
	}
	for _, v := range found {
		if v.Code != ocppj.PropertyConstraintViolation || v.Path == "timestamp" && req.Timestamp.IsZero() {
			ev.Unread = append(ev.Unread, v.String())
		}
	}
	if !unread(found, "meterStop") {
		ev.End = reading(req.MeterStop)
	}
	out, err := a.Transactions.Record(ctx, s.Station, ev)
	if err != nil {
		return ocpp16.StopTransactionResponse{}, err
	}
	observeRef(s, "StopTransaction", req.TransactionID)
	s.Observe(out)
	a.recorded(s, out)
	var resp ocpp16.StopTransactionResponse
	if out.Decision != nil {
		info := idTagInfo(*out.Decision)
		resp.IDTagInfo = &info
	}
	return resp, nil
}

// unread tells whether the property at path is missing or has the wrong type.
func unread(found []ocppj.Violation, path string) bool {
	for _, v := range found {
		if v.Path == path {
			return true
		}
	}
	return false
}

// reading is what the register shows; nil when no register can show that.
func reading(wh int) *charging.Reading {
	const most = 1_000_000_000_000
	if wh < -most || wh > most {
		return nil
	}
	return &charging.Reading{MWh: int64(wh) * 1000}
}

// stopReason is the reason for a stop; a station that gives none stopped by itself (OCPP 1.6 §7.36).
func stopReason(r ocpp16.Reason) string {
	if r == "" {
		r = ocpp16.ReasonLocal
	}
	return string(r)
}

// OCPP 1.6 §4.7. Values that name no transaction belong to the one at the connector; those of
// connector 0 are the station's own meter.
func (a *Adapter) meterValues(ctx context.Context, s *gateway.Session, req ocpp16.MeterValuesRequest, found []ocppj.Violation) (ocpp16.MeterValuesResponse, error) {
	ev := charging.Event{Kind: charging.Updated, Version: gnista.V16, EVSE: evse(req.ConnectorID), Samples: samples(req.MeterValue, found), Signed: signed(req.MeterValue, found)}
	if req.TransactionID != nil {
		observeRef(s, "MeterValues", *req.TransactionID)
		ev.Ref = strconv.FormatInt(*req.TransactionID, 10)
	} else if ev.EVSE.ID == 0 {
		return ocpp16.MeterValuesResponse{}, nil
	}
	switch n, m := len(ev.Samples), len(ev.Signed); {
	case n > 0:
		ev.At = ev.Samples[n-1].At
	case m > 0:
		ev.At = ev.Signed[m-1].At
	default:
		return ocpp16.MeterValuesResponse{}, nil
	}
	out, err := a.Transactions.Record(ctx, s.Station, ev)
	if err == nil && out.Transaction.State == charging.Ended {
		s.Saw("Q49", "meter values of a transaction that has ended")
	}
	if err == nil {
		a.recorded(s, out)
	}
	return ocpp16.MeterValuesResponse{}, err
}

// recorded has the station told what a transaction costs, when the answer is sent.
func (a *Adapter) recorded(s *gateway.Session, out charging.Outcome) {
	if a.Costs != nil {
		s.After(func() { a.Costs.Recorded(s.Station, out) })
	}
}

// observeRef counts ids of transactions that a station made up.
func observeRef(s *gateway.Session, action string, id int64) {
	switch {
	case id == math.MaxInt64:
		s.Saw("Q44", "%s: transactionId %d", action, id)
	case id == 0:
		s.Saw("Q45", "%s: transactionId 0", action)
	case id < 0:
		s.Saw("Q46", "%s: transactionId %d", action, id)
	}
}

func samples(list []ocpp16.MeterValue, found []ocppj.Violation) []charging.Sample {
	var out []charging.Sample
	if gateway.Mistyped(found) {
		return nil
	}
	for _, m := range list {
		for _, v := range m.SampledValue {
			value, err := strconv.ParseFloat(strings.TrimSpace(string(v.Value)), 64)
			if err != nil || v.Format == ocpp16.ValueFormatSignedData {
				continue
			}
			sample, ok := gateway.Reading{
				Value: value, Unit: string(v.Unit), Measurand: string(v.Measurand), Phase: string(v.Phase), Location: string(v.Location), Context: string(v.Context),
			}.Sample()
			if ok {
				sample.At = m.Timestamp.Time
				out = append(out, sample)
			}
		}
	}
	return out
}

// signed are the signed values, as they came.
func signed(list []ocpp16.MeterValue, found []ocppj.Violation) (out []charging.Signed) {
	if gateway.Mistyped(found) {
		return nil
	}
	for _, m := range list {
		for _, v := range m.SampledValue {
			if v.Format != ocpp16.ValueFormatSignedData || v.Value == "" {
				continue
			}
			out = append(out, gateway.Reading{Measurand: string(v.Measurand), Context: string(v.Context)}.Signed(m.Timestamp.Time, string(v.Value)))
		}
	}
	return out
}
