package payment

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"gnista"
	"gnista/account"
)

// Mandate is that an account pays by a card, or the like, that is on file with a provider: what is due is taken
// without its driver being there.
type Mandate struct {
	ID       string
	Account  string // id
	Provider string // name
	State    MandateState
	Label    string // what its driver knows it by, as in "Visa ···· 4242"; empty until it is active
	Text     string // that its driver agreed to
	Version  string // of that text
	Language string // of that text, sv or en
	Reason   string // why it ended

	Customer string // what the provider calls who pays
	Ref      string // what it calls its asking for the card
	Method   string // what it calls the card

	Forgotten bool // the provider no longer has it
	CreatedAt time.Time
	GivenAt   time.Time // zero: not given
	EndedAt   time.Time // zero: not ended
}

// MandateState is how far a mandate is.
type MandateState string

// The states of mandates.
const (
	MandateAwaiting MandateState = "awaiting" // its driver has to give it
	MandateActive   MandateState = "active"
	MandateRevoked  MandateState = "revoked"
)

// Kept is what a provider says of a mandate.
type Kept struct {
	State    MandateState
	Customer string
	Ref      string
	Method   string
	Label    string
}

// Keeper is a provider that keeps cards on file.
type Keeper interface {
	// Keep begins to ask the driver. Done again with the same mandate, it gives the same answer.
	Keep(ctx context.Context, m Mandate) (Kept, Action, error)
	// Kept reads what came of it.
	Kept(ctx context.Context, m Mandate) (Kept, error)
	// Forget ends it, also one that is not given. Of one that ended it is done.
	Forget(ctx context.Context, m Mandate) error
}

// MandateStore keeps mandates.
type MandateStore interface {
	// Mandate finds a mandate. NotFound.
	Mandate(ctx context.Context, id string) (Mandate, error)
	// MandateByRef finds the mandate for which a provider asks so. NotFound.
	MandateByRef(ctx context.Context, provider, ref string) (Mandate, error)
	// Mandates lists those of an account, the newest first.
	Mandates(ctx context.Context, f MandateFilter) ([]Mandate, error)
	// CreateMandate stores a new mandate. NotFound when there is no such account.
	CreateMandate(ctx context.Context, m Mandate) error
	// ChangeMandate runs f on a mandate within one SQL transaction and stores what it did with ev. One that becomes
	// active ends the others of its account, and has what the account owes on a card tried anew. NotFound.
	ChangeMandate(ctx context.Context, id string, now time.Time, f func(*Mandate) ([]gnista.Event, error)) (Mandate, error)
	// UnfinishedMandates lists those that have waited since before a time, and those that ended and that the provider
	// still has.
	UnfinishedMandates(ctx context.Context, before time.Time, limit int) ([]Mandate, error)
}

// MandateFilter selects mandates for a list.
type MandateFilter struct {
	Account string
	Before  string // only those with a lower id
	Limit   int
}

// Mandates is what is done with mandates.
type Mandates struct {
	Store    MandateStore
	Accounts interface {
		Account(ctx context.Context, id string) (account.Account, error)
	}
	Providers Providers
	Seller    string // who charges, as drivers are told
	Now       func() time.Time
	NewID     func() string
	Log       *slog.Logger
}

// mandateVersion is that of the texts that follow.
const mandateVersion = "1"

// mandateText is what a driver agrees to.
func mandateText(language, seller string) string {
	if language == "sv" {
		return seller + " får ta betalt av det här kortet för varje laddning med kontots laddkort och appar, med det belopp som laddningen kostar enligt priset som visas när den börjar. " +
			"Du får ett kvitto för varje laddning, och kan när som helst ta tillbaka medgivandet hos " + seller + "; det som då inte är betalt är du fortfarande skyldig."
	}
	return seller + " may charge this card for each charging session with the cards and apps of the account, with what the session costs by the price that is shown when it begins. " +
		"You get a receipt for each session, and may withdraw this at any time with " + seller + "; what is not paid by then is still owed."
}

// Ask begins to ask the driver of an account for a card. What the driver has to do is told once. Invalid, NotFound,
// Unsupported.
func (m *Mandates) Ask(ctx context.Context, id, provider, language string) (Mandate, Action, error) {
	keeper, ok := m.Providers[provider].(Keeper)
	if !ok {
		return Mandate{}, Action{}, gnista.Errorf(gnista.Unsupported, "%q is not set up, or keeps no cards", provider)
	}
	if language != "sv" && language != "en" {
		return Mandate{}, Action{}, gnista.Invalidf("language", "%q is not sv or en", language)
	}
	a, err := m.Accounts.Account(ctx, id)
	switch {
	case err != nil:
		return Mandate{}, Action{}, err
	case a.Kind != account.Postpaid:
		return Mandate{}, Action{}, gnista.Errorf(gnista.Conflict, "the account is %s; only a postpaid one pays by card", a.Kind)
	case !m.Providers[provider].Caps().takes(a.Currency):
		return Mandate{}, Action{}, gnista.Errorf(gnista.Conflict, "%s does not take %s", provider, a.Currency)
	case a.Blocked:
		return Mandate{}, Action{}, gnista.Errorf(gnista.Conflict, "the account is blocked")
	}
	x := Mandate{
		ID: m.NewID(), Account: id, Provider: provider, State: MandateAwaiting, Language: language, Text: mandateText(language, m.Seller), Version: mandateVersion, CreatedAt: m.Now(),
	}
	former, err := m.Store.Mandates(ctx, MandateFilter{Account: id, Limit: 50})
	if err != nil {
		return Mandate{}, Action{}, err
	}
	for _, f := range former {
		if f.Provider == provider && x.Customer == "" {
			x.Customer = f.Customer
		}
	}
	if err := m.Store.CreateMandate(ctx, x); err != nil {
		return Mandate{}, Action{}, err
	}
	kept, action, err := keeper.Keep(ctx, x)
	if err != nil {
		if _, late := m.end(context.WithoutCancel(ctx), x.ID, "it could not be asked for"); late != nil {
			return Mandate{}, Action{}, late
		}
		return Mandate{}, Action{}, gnista.Errorf(gnista.Timeout, "a card could not be asked for: %w", err)
	}
	x, err = m.change(ctx, x.ID, func(x *Mandate) ([]gnista.Event, error) {
		x.Customer, x.Ref = kept.Customer, kept.Ref
		return nil, nil
	})
	return x, action, err
}

func (m *Mandates) change(ctx context.Context, id string, f func(*Mandate) ([]gnista.Event, error)) (Mandate, error) {
	return m.Store.ChangeMandate(ctx, id, m.Now(), f)
}

// active is the mandate under which an account pays with a provider; the zero Mandate where there is none.
func (m *Mandates) active(ctx context.Context, id, provider string) (Mandate, error) {
	list, err := m.Store.Mandates(ctx, MandateFilter{Account: id, Limit: 50})
	for _, x := range list {
		if x.State == MandateActive && x.Provider == provider {
			return x, err
		}
	}
	return Mandate{}, err
}

// Look reads a mandate that waits for its driver. NotFound.
func (m *Mandates) Look(ctx context.Context, id string) (Mandate, error) {
	x, err := m.Store.Mandate(ctx, id)
	if err != nil || x.State != MandateAwaiting || x.Ref == "" {
		return x, err
	}
	keeper, ok := m.Providers[x.Provider].(Keeper)
	if !ok {
		return x, nil
	}
	kept, err := keeper.Kept(ctx, x)
	if err != nil {
		return x, fmt.Errorf("reading mandate %s: %w", id, err)
	}
	switch kept.State {
	case MandateActive:
		return m.change(ctx, id, func(x *Mandate) ([]gnista.Event, error) {
			if x.State != MandateAwaiting {
				return nil, nil
			}
			x.State, x.Method, x.Label, x.GivenAt = MandateActive, kept.Method, kept.Label, m.Now()
			return x.tell(m.Now()), nil
		})
	case MandateRevoked:
		return m.end(ctx, id, "the provider no longer asks")
	}
	return x, nil
}

// Hear takes in that there is something to see of what a provider asks a driver, and tells whether that is ours.
func (m *Mandates) Hear(ctx context.Context, provider, ref string) (bool, error) {
	x, err := m.Store.MandateByRef(ctx, provider, ref)
	if err != nil {
		if gnista.CodeOf(err) == gnista.NotFound {
			return false, nil
		}
		return false, err
	}
	_, err = m.Look(ctx, x.ID)
	return true, err
}

// of is a mandate of an account. NotFound.
func (m *Mandates) of(ctx context.Context, account, id string) (Mandate, error) {
	x, err := m.Store.Mandate(ctx, id)
	if err == nil && x.Account != account {
		return Mandate{}, gnista.Errorf(gnista.NotFound, "the account has no mandate %q", id)
	}
	return x, err
}

// Read is a mandate of an account, read from its provider where it waits for its driver. NotFound.
func (m *Mandates) Read(ctx context.Context, account, id string) (Mandate, error) {
	x, err := m.of(ctx, account, id)
	if err != nil {
		return x, err
	}
	seen, err := m.Look(ctx, x.ID)
	if err != nil {
		m.Log.Warn("a mandate could not be read from its provider", "mandate", id, "err", err)
		return x, nil
	}
	return seen, nil
}

// Revoke ends a mandate: nothing is taken under it from now on. That the provider forgets the card follows. NotFound.
func (m *Mandates) Revoke(ctx context.Context, account, id string) (Mandate, error) {
	if _, err := m.of(ctx, account, id); err != nil {
		return Mandate{}, err
	}
	x, err := m.end(ctx, id, "it was revoked")
	if err != nil {
		return Mandate{}, err
	}
	if late := m.forget(ctx, x); late != nil {
		m.Log.Warn("a provider could not be told of a revoked mandate yet", "mandate", id, "err", late)
		return x, nil
	}
	return m.Store.Mandate(ctx, id)
}

func (m *Mandates) end(ctx context.Context, id, reason string) (Mandate, error) {
	return m.change(ctx, id, func(x *Mandate) ([]gnista.Event, error) {
		if x.State == MandateRevoked {
			return nil, nil
		}
		x.End(reason, m.Now())
		return x.tell(m.Now()), nil
	})
}

// End ends the mandate.
func (m *Mandate) End(reason string, now time.Time) {
	m.State, m.Reason, m.EndedAt, m.Forgotten = MandateRevoked, reason, now, m.Ref == ""
}

func (m *Mandate) tell(now time.Time) []gnista.Event {
	data, _ := json.Marshal(map[string]string{"account": m.Account, "provider": m.Provider, "reason": m.Reason}) // strings always marshal
	return []gnista.Event{{At: now, Kind: "mandate." + string(m.State), Subject: m.ID, Data: data}}
}

// forget has the provider forget a mandate that ended.
func (m *Mandates) forget(ctx context.Context, x Mandate) error {
	keeper, ok := m.Providers[x.Provider].(Keeper)
	if x.Forgotten || !ok {
		return nil
	}
	if err := keeper.Forget(ctx, x); err != nil {
		return err
	}
	_, err := m.change(ctx, x.ID, func(x *Mandate) ([]gnista.Event, error) { x.Forgotten = true; return nil, nil })
	return err
}

// MandateTime is how long a driver has to give a card.
const MandateTime = 24 * time.Hour

// Sweep ends what drivers were asked for and have not given, and has providers forget what ended.
func (m *Mandates) Sweep(ctx context.Context) error {
	list, err := m.Store.UnfinishedMandates(ctx, m.Now().Add(-MandateTime), 100)
	if err != nil {
		return fmt.Errorf("looking for mandates: %w", err)
	}
	for _, x := range list {
		if x.State == MandateAwaiting {
			if x, err = m.Look(ctx, x.ID); err == nil && x.State == MandateAwaiting {
				x, err = m.end(ctx, x.ID, "it was not given in time")
			}
		}
		if err == nil && x.State == MandateRevoked {
			err = m.forget(ctx, x)
		}
		if err != nil {
			m.Log.Warn("a mandate is looked at again", "mandate", x.ID, "err", err)
		}
	}
	return nil
}

// Under has the payment made under a mandate instead of by invoice. One for which nobody pays, or which is paid
// from a balance, stays.
func (c *Change) Under(m Mandate) {
	if c.Provider == Invoice && c.Captured == 0 && m.State == MandateActive {
		c.Provider, c.Mandate = m.Provider, m.ID
	}
}

// Renew has what is short of a payment under a mandate tried under the one that stands instead.
func (c *Change) Renew(m Mandate, cause Cause) {
	if c.Op == nil && c.Way == ByMandate && c.Provider == m.Provider {
		c.Mandate = m.ID
		c.Again(0, cause)
	}
}
