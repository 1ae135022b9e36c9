package charging

import (
	"encoding/json"
	"slices"
	"time"

	"gnista"
	"gnista/token"
)

// purpose is what the event's token was presented for.
func (ev *Event) purpose() token.Use {
	if ev.Kind == Stopped || ev.Stopping {
		return token.Stop
	}
	return token.Start
}

// maxAnswers is how many of the last answers for tokens of a transaction are kept: most have one or two.
const maxAnswers = 50

// authorise checks the event's token against the transaction and against what happens elsewhere at this
// time, and remembers the answer.
func (r *recording) authorise(t *Transaction) error {
	if r.decision == nil {
		return nil
	}
	d := *r.decision
	pays := r.purpose() == token.Start
	guest := d.Pass.Checkout != ""
	switch {
	case d.Status == token.Accepted && pays && !t.Authorised:
		if err := r.admit(t, &d); err != nil {
			return err
		}
	case guest && pays && t.Authorised && t.Progress.Pass.Checkout != d.Pass.Checkout: // somebody else pays for it
		d.Status = token.NoCredit
	}
	if guest && pays && d.Status != token.Accepted && !t.Authorised && t.State == Active {
		r.evs = append(r.evs, r.refused(t, &d))
	}
	r.decision = &d
	if n := len(t.Progress.Decided); n >= maxAnswers {
		t.Progress.Decided = slices.Delete(t.Progress.Decided, 0, n-maxAnswers+1)
	}
	t.Progress.Decided = append(t.Progress.Decided, Decided{r.Kind, r.Seq, d})
	// Who pays is the first whose token was accepted, in the order of the station's events. A finished
	// transaction is billed to who it is. What was charged without asking us is paid, whatever is left.
	accepted := d.Status == token.Accepted || r.replayed() && (d.Status == token.NoCredit || d.Status == token.LimitReached)
	if !pays || !t.FinishedAt.IsZero() {
		return nil
	}
	was := t.Authorised
	if !was && (accepted || t.Token.UID == "") || was && accepted && r.Seq < t.Progress.TokenSeq {
		t.Token, t.Account, t.Authorised, t.Progress.TokenSeq, t.Progress.Group, t.Progress.Pass = d.ID, d.Account, accepted, r.Seq, d.Group, d.Pass
		if accepted && (was || d.Status != token.Accepted) { // another pays than it was set aside for, or what was not asked for
			return r.hold(t)
		}
	}
	return nil
}

// hold sets aside what the transaction may come to, of what the account has.
func (r *recording) hold(t *Transaction) error {
	if t.Account == "" {
		return r.tx.Release(t.ID)
	}
	r.funded = true
	_, err := r.tx.Hold(t.ID, t.Account, true, r.now)
	return err
}

// admit decides what only can be decided while nobody else begins to charge with the same token or for
// the same account. What happened long ago is not refused.
func (r *recording) admit(t *Transaction, d *token.Decision) error {
	if err := r.suspect(t, d); err != nil || d.Status != token.Accepted {
		return err
	}
	if !r.replayed() {
		if err := r.count(d); err != nil || d.Status != token.Accepted {
			return err
		}
	}
	if d.Account != "" {
		ok, err := r.tx.Hold(t.ID, d.Account, r.replayed(), r.now)
		if err != nil {
			return err
		}
		if !ok {
			d.Status = token.NoCredit
			return nil
		}
		r.funded = true
	}
	if d.Payment != "" {
		ok, err := r.tx.Pay(t.ID, d.Payment, r.now)
		if err != nil {
			return err
		}
		if !ok {
			d.Status = token.NoCredit
			return nil
		}
		r.funded = true
	}
	if d.Pass.Checkout != "" {
		ok, err := r.tx.Spend(t.ID, d.Pass.Checkout, r.now)
		if err != nil {
			return err
		}
		if !ok {
			d.Status = token.NoCredit
			return nil
		}
	}
	if d.ID.UID != "" && d.ID.Type != token.NoAuthorization {
		r.evs = append(r.evs, r.tokenEvent("token.used", t, d, nil))
	}
	return nil
}

// count checks how often the token charges at this time, and what it has used of its limits.
func (r *recording) count(d *token.Decision) error {
	if d.MaxConcurrent == 0 && d.Limits == (token.Limits{}) {
		return nil
	}
	n, err := r.tx.CountOpen(d.ID)
	if err != nil {
		return err
	}
	if d.MaxConcurrent > 0 && n >= d.MaxConcurrent {
		d.Status = token.Concurrent
		return nil
	}
	reached, err := d.Limits.Reached(r.at, r.zone, func(since time.Time) (token.Used, error) { return r.tx.Used(d.ID, since, d.Limits.Currency) })
	if reached {
		d.Status = token.LimitReached
	}
	return err
}

// suspect looks for a card that is at too many places for one card, which tells of copies.
func (r *recording) suspect(t *Transaction, d *token.Decision) error {
	if !r.cloning.On() || d.ID.UID == "" || d.ID.Type == token.NoAuthorization {
		return nil
	}
	span := r.cloning.Span()
	others, err := r.tx.Begun(d.ID, r.at.Add(-span), r.at.Add(span))
	if err != nil || len(others) == 0 {
		return err
	}
	site, err := r.tx.Site(r.station)
	if err != nil {
		return err
	}
	why := r.cloning.Suspects(token.Begun{Station: r.station, Site: site, At: r.at}, others)
	if why == "" {
		return nil
	}
	r.evs = append(r.evs, r.tokenEvent("token.suspicious", t, d, map[string]any{"reason": why, "blocked": r.cloning.Block}))
	if !r.cloning.Block {
		return nil
	}
	if !r.replayed() {
		d.Status = token.Blocked
	}
	return r.tx.BlockToken(d.ID, why, r.now)
}

// refused tells that a transaction was begun with the token of a guest that may not charge: it has to end.
func (r *recording) refused(t *Transaction, d *token.Decision) gnista.Event {
	text, _ := json.Marshal(map[string]any{"transaction": t.ID, "evse": r.EVSE.ID}) // strings and numbers always marshal
	return gnista.Event{At: r.now, Kind: "checkout.refused", Station: r.station, Subject: d.Pass.Checkout, Data: text}
}

// tokenEvent tells of a token that charges, without saying which but by its end.
func (r *recording) tokenEvent(kind string, t *Transaction, d *token.Decision, more map[string]any) gnista.Event {
	data := map[string]any{"token": token.Mask(d.ID.UID), "type": d.ID.Type, "account": d.Account, "evse": r.EVSE.ID}
	for k, v := range more {
		data[k] = v
	}
	text, _ := json.Marshal(data) // strings and numbers always marshal
	return gnista.Event{At: r.now, Kind: kind, Station: r.station, Subject: t.ID, Data: text}
}

// release gives back what was set aside for a finished transaction of which nothing is to be paid. What
// else was is given back when the charge record is paid.
func (t *Transaction) release(tx Tx) error {
	if t.Account == "" || t.EnergyWh > 0 || t.FinishedAt.IsZero() {
		return nil
	}
	return tx.Release(t.ID)
}

// replayed tells whether the event happened so long ago that nothing can be refused any more. OCPP 1.6
// has no mark for that.
func (r *recording) replayed() bool {
	return r.Offline || r.Version == gnista.V16 && !r.skewed && r.now.Sub(r.at) > patience
}
