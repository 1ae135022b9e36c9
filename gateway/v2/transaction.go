package v2

import (
	"context"
	"errors"
	"fmt"
	"math"

	"gnista"
	"gnista/charging"
	"gnista/gateway"
	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
	"gnista/tariff"
	"gnista/token"
)

// OCPP 2.x C01, C02, C04, C05, C06, C07.
func (a *Adapter) authorize(ctx context.Context, s *gateway.Session, req ocpp2.AuthorizeRequest) (ocpp2.AuthorizeResponse, error) {
	d, err := a.Tokens.Authorise(ctx, token.Request{ID: tokenID(s, req.IDToken), At: a.Now(), Station: s.Station})
	if err != nil {
		return ocpp2.AuthorizeResponse{}, err
	}
	if err := a.card(ctx, s, &req.IDToken); err != nil {
		return ocpp2.AuthorizeResponse{}, err
	}
	resp := ocpp2.AuthorizeResponse{IDTokenInfo: idTokenInfo(s, d)}
	resp.Tariff = a.offer(ctx, s, d, &resp.IDTokenInfo)
	return resp, a.contract(ctx, s, req, d, &resp)
}

// tokenID is a token of the wire; the types of both have the same names. (OCPP 2.x C01.FR.18: both
// the text and the type are compared)
func tokenID(s *gateway.Session, t ocpp2.IDToken) token.ID {
	return token.ID{UID: s.Token(t.IDToken), Type: token.Type(t.Type)}
}

// authorizations are the domain's answers in the words of the versions.
var authorizations = map[token.Status]ocpp2.AuthorizationStatus{
	token.Accepted:     ocpp2.AuthorizationStatusAccepted,
	token.Blocked:      ocpp2.AuthorizationStatusBlocked,
	token.Expired:      ocpp2.AuthorizationStatusExpired,
	token.NotYet:       ocpp2.AuthorizationStatusNotAtThisTime,
	token.Invalid:      ocpp2.AuthorizationStatusInvalid,
	token.Unknown:      ocpp2.AuthorizationStatusUnknown,
	token.Master:       ocpp2.AuthorizationStatusBlocked,
	token.NotHere:      ocpp2.AuthorizationStatusNotAtThisLocation,
	token.NoCredit:     ocpp2.AuthorizationStatusNoCredit,
	token.LimitReached: ocpp2.AuthorizationStatusNoCredit,
	token.Concurrent:   ocpp2.AuthorizationStatusConcurrentTx,
}

// maxIDToken is the longest idToken of a version.
var maxIDToken = map[ocppj.Version]int{ocppj.V201: 36, ocppj.V21: 255}

// idTokenInfo tells a station what to remember of a token, and until when.
// (OCPP 2.x C01.FR.06, C09.FR.09, C09.FR.12, C09.FR.13, C10.FR.13) A token is good at every EVSE of a
// site (C01.FR.19) or at none (C01.FR.20), so that the case of C01.FR.22 does not come up.
func idTokenInfo(s *gateway.Session, d token.Decision) ocpp2.IDTokenInfo {
	info := ocpp2.IDTokenInfo{Status: authorizations[d.Status]}
	if !d.ExpiresAt.IsZero() {
		at := ocppj.At(d.ExpiresAt)
		info.CacheExpiryDateTime = &at
	}
	if d.Group != "" && len(d.Group) <= maxIDToken[s.Version] {
		info.GroupIDToken = &ocpp2.IDToken{IDToken: d.Group, Type: ocpp2.IDTokenTypeCentral}
	}
	if d.Message != "" {
		info.PersonalMessage = &ocpp2.MessageContent{Format: ocpp2.MessageFormatUTF8, Language: d.Language, Content: d.Message}
	}
	info.Language1 = d.Language
	return info
}

// kinds are what events do to a transaction.
var kinds = map[ocpp2.TransactionEventType]charging.Kind{
	ocpp2.TransactionEventTypeStarted: charging.Started,
	ocpp2.TransactionEventTypeUpdated: charging.Updated,
	ocpp2.TransactionEventTypeEnded:   charging.Stopped,
}

// activities are what charging states are to the domain.
var activities = map[ocpp2.ChargingState]charging.Activity{
	ocpp2.ChargingStateEVConnected:   charging.Connected,
	ocpp2.ChargingStateCharging:      charging.Charging,
	ocpp2.ChargingStateSuspendedEV:   charging.SuspendedEV,
	ocpp2.ChargingStateSuspendedEVSE: charging.SuspendedEVSE,
	ocpp2.ChargingStateIdle:          charging.Idle,
}

// OCPP 2.x E01–E12. Every event is answered (J02.FR.19). The end of a transaction is never refused: what cannot be read is told to the
// domain.
func (a *Adapter) transactionEvent(ctx context.Context, s *gateway.Session, req ocpp2.TransactionEventRequest, found []ocppj.Violation) (ocpp2.TransactionEventResponse, error) {
	var resp ocpp2.TransactionEventResponse
	ev := charging.Event{
		Kind: kinds[req.EventType], Version: gnista.Version(s.Version.String()), Ref: req.TransactionInfo.TransactionID, Seq: req.SeqNo, At: req.Timestamp.Time, Guessed: req.Timestamp.Guessed(),
		Offline: req.Offline != nil && *req.Offline, EVSE: evse(req.EVSE), Activity: activities[req.TransactionInfo.ChargingState],
		Stopping: req.TriggerReason == ocpp2.TriggerReasonStopAuthorized, Samples: samples(req.MeterValue, found), Signed: signed(req.MeterValue, found),
		Limits: limits(req.TransactionInfo.TransactionLimit, a.Currency),
	}
	if ev.Kind != charging.Stopped {
		if err := refuse(found); err != nil {
			return resp, err
		}
	}
	if ev.Kind == charging.Stopped {
		ev.Reason = stopReason(req.TransactionInfo.StoppedReason)
		for _, v := range found {
			if v.Code != ocppj.PropertyConstraintViolation || v.Path == "timestamp" && req.Timestamp.IsZero() {
				ev.Unread = append(ev.Unread, v.String())
			}
		}
	}
	if req.IDToken != nil {
		id := tokenID(s, *req.IDToken)
		ev.Token = &id
	}
	if n := req.TransactionInfo.RemoteStartID; n != nil {
		ev.RemoteID = *n
	}
	if req.ReservationID != nil {
		ev.ReservationNumber = *req.ReservationID // OCPP 2.x H01.FR.15
	}
	out, err := a.Transactions.Record(ctx, s.Station, ev)
	if err != nil {
		return resp, err
	}
	if ev.Kind != charging.Updated || out.Repeat || out.New {
		s.Observe(out)
	}
	if err := errors.Join(a.card(ctx, s, req.IDToken), a.raised(ctx, s, ev.Limits, &out.Transaction)); err != nil {
		return resp, err
	}
	if err := a.reckoned(ctx, s, &req, out.Transaction.ID); err != nil {
		return resp, err
	}
	if out.Decision != nil { // OCPP 2.x E01.FR.12, E02.FR.02, E03.FR.02
		info := idTokenInfo(s, *out.Decision)
		if ev.Kind != charging.Stopped && !ev.Stopping {
			a.offer(ctx, s, *out.Decision, &info)
		}
		resp.IDTokenInfo = &info
	}
	if s.Version >= ocppj.V21 {
		if resp.TransactionLimit, err = wireLimits(out.Limits); err != nil {
			return resp, err
		}
	}
	if req.TriggerReason == ocpp2.TriggerReasonTxResumed {
		a.resume(ctx, s, out.Transaction.ID)
	}
	if out.Cost != nil {
		cost, err := amount(*out.Cost)
		if err != nil {
			return resp, err
		}
		resp.TotalCost = &cost // OCPP 2.x I03.FR.02, I03.FR.04: also when it is 0
	}
	a.tellCosts(ctx, s, out, &resp)
	return resp, nil
}

// essential are the properties without which an event is not about any transaction, or not about
// one in an order.
var essential = map[string]bool{"eventType": true, "seqNo": true, "transactionInfo": true, "transactionInfo.transactionId": true}

// refuse is the answer to an event that cannot be taken in. What is only too long can be.
func refuse(found []ocppj.Violation) error {
	for _, v := range found {
		if essential[v.Path] && (v.Code != ocppj.PropertyConstraintViolation || v.Path == "eventType") {
			return &ocppj.Error{Code: v.Code, Description: v.String()}
		}
	}
	return nil
}

// amount is money as the wire has it.
func amount(m gnista.Money) (float64, error) {
	digits, err := tariff.Digits(m.Currency)
	return float64(m.Amount) / math.Pow10(digits), err
}

// stopReason is the reason for an end; a station that gives none ended it by itself.
func stopReason(r ocpp2.Reason) string {
	if r == "" {
		r = ocpp2.ReasonLocal
	}
	return string(r)
}

// OCPP 2.x J01.FR.18. Values of a transaction come with its events; these are an EVSE's or the station's,
// of which the log of messages is all that is kept.
func (a *Adapter) meterValues(context.Context, *gateway.Session, ocpp2.MeterValuesRequest, []ocppj.Violation) (ocpp2.MeterValuesResponse, error) {
	return ocpp2.MeterValuesResponse{}, nil
}

func samples(list []ocpp2.MeterValue, found []ocppj.Violation) []charging.Sample {
	var out []charging.Sample
	if gateway.Mistyped(found) {
		return nil
	}
	missing := map[string]bool{}
	for _, v := range found {
		missing[v.Path] = v.Code == ocppj.OccurrenceConstraintViolation
	}
	if missing["meterValue"] {
		return nil // so much is missing that not all of it is told
	}
	for i, m := range list {
		for j, v := range m.SampledValue {
			if len(missing) > 0 && missing[fmt.Sprintf("meterValue[%d].sampledValue[%d].value", i, j)] {
				continue
			}
			r := gateway.Reading{Value: v.Value, Measurand: string(v.Measurand), Phase: string(v.Phase), Location: string(v.Location), Context: string(v.Context)}
			if u := v.UnitOfMeasure; u != nil {
				r.Unit = u.Unit
				if u.Multiplier != nil {
					r.Multiplier = *u.Multiplier
				}
			}
			sample, ok := r.Sample()
			if ok {
				sample.At = m.Timestamp.Time
				out = append(out, sample)
			}
		}
	}
	return out
}

// signed are the signed values, as they came.
func signed(list []ocpp2.MeterValue, found []ocppj.Violation) (out []charging.Signed) {
	if gateway.Mistyped(found) {
		return nil
	}
	for _, m := range list {
		for _, v := range m.SampledValue {
			x := v.SignedMeterValue
			if x == nil || x.SignedMeterData == "" {
				continue
			}
			own := gateway.Reading{Measurand: string(v.Measurand), Context: string(v.Context)}.Signed(m.Timestamp.Time, x.SignedMeterData)
			own.Encoding = x.EncodingMethod
			if x.SigningMethod != nil {
				own.Method = *x.SigningMethod
			}
			if x.PublicKey != nil {
				own.PublicKey = *x.PublicKey
			}
			out = append(out, own)
		}
	}
	return out
}
