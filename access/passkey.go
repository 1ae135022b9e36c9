package access

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"gnista"
)

// Passkey is what a device of a user proves with who they are: it signs, and we have the public key. (W3C Web
// Authentication Level 3)
type Passkey struct {
	ID         string // of the credential, base64url
	User       string // id
	Name       string // by which the user knows it
	Host       string // name under which it holds: the relying party
	Credential []byte // JSON, with the public key
	Count      uint32 // signatures that the device has counted; 0 where it does not count
	CreatedAt  time.Time
	SeenAt     time.Time // when somebody last signed in with it
	ClonedAt   time.Time // when its count went back: there is a copy, and it is good for nothing since
}

// PasskeyStore keeps passkeys.
type PasskeyStore interface {
	// AddPasskey keeps a passkey. Conflict where it is known, or its user has most already.
	AddPasskey(ctx context.Context, p Passkey, most int) error
	// Passkey finds a passkey. NotFound.
	Passkey(ctx context.Context, id string) (Passkey, error)
	// Passkeys lists those of a user, the newest first.
	Passkeys(ctx context.Context, user string) ([]Passkey, error)
	// ChangePasskey changes a passkey of a user within one SQL transaction. NotFound.
	ChangePasskey(ctx context.Context, user, id string, change func(*Passkey) error) (Passkey, error)
	// DeletePasskey removes a passkey of a user. NotFound.
	DeletePasskey(ctx context.Context, user, id string) error
}

// At is the address at which a browser sees us.
type At struct {
	Host   string // the name alone: passkeys hold under it
	Origin string // as in https://charge.example
}

// Passkeys are how users sign in without a password.
type Passkeys struct {
	Store PasskeyStore
	Users UserStore
	Now   func() time.Time

	asked *challenges[ceremony]
}

// ceremony is what a device was asked for.
type ceremony struct {
	data webauthn.SessionData
	at   At
	user string // who adds a passkey; empty for who signs in
}

// NewPasskeys makes the passkeys of users.
func NewPasskeys(s PasskeyStore, users UserStore, now func() time.Time) *Passkeys {
	return &Passkeys{Store: s, Users: users, Now: now, asked: newChallenges[ceremony](now)}
}

const maxPasskeys = 20 // of one user

// party is who asks a device, as the library has it.
func (at At) party() (*webauthn.WebAuthn, error) {
	patience := webauthn.TimeoutConfig{Timeout: ChallengeFor, TimeoutUVD: ChallengeFor}
	required := true
	return webauthn.New(&webauthn.Config{
		RPID: at.Host, RPDisplayName: "Gnista", RPOrigins: []string{at.Origin}, AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{RequireResidentKey: &required, ResidentKey: protocol.ResidentKeyRequirementRequired, UserVerification: protocol.VerificationRequired},
		Timeouts:               webauthn.TimeoutsConfig{Login: patience, Registration: patience},
	})
}

// holder is a user with their passkeys, as the library has it.
type holder struct {
	User
	keys []webauthn.Credential
}

func (h holder) WebAuthnID() []byte                         { return []byte(h.ID) }
func (h holder) WebAuthnName() string                       { return h.Email }
func (h holder) WebAuthnDisplayName() string                { return h.User.Name }
func (h holder) WebAuthnCredentials() []webauthn.Credential { return h.keys }

func (k *Passkeys) holder(u User, list ...Passkey) (holder, error) {
	h := holder{User: u}
	for _, p := range list {
		var c webauthn.Credential
		if err := json.Unmarshal(p.Credential, &c); err != nil {
			return h, err
		}
		c.Authenticator.SignCount, c.Authenticator.CloneWarning = p.Count, false
		h.keys = append(h.keys, c)
	}
	return h, nil
}

// Offer asks a device of a user for a new passkey: options is what the browser is given, and id stands for it in
// [Passkeys.Add].
func (k *Passkeys) Offer(ctx context.Context, user string, at At) (id string, options any, err error) {
	u, err := k.Users.User(ctx, user)
	if err != nil {
		return "", nil, err
	}
	list, err := k.Store.Passkeys(ctx, user)
	if err != nil {
		return "", nil, err
	}
	h, err := k.holder(u, list...)
	if err != nil {
		return "", nil, err
	}
	party, err := at.party()
	if err != nil {
		return "", nil, err
	}
	creation, data, err := party.BeginRegistration(h, webauthn.WithExclusions(webauthn.Credentials(h.keys).CredentialDescriptors()))
	if err != nil {
		return "", nil, err
	}
	return k.asked.ask(ceremony{*data, at, user}), creation.Response, nil
}

// Add keeps the passkey that a device has made. Invalid, Conflict.
func (k *Passkeys) Add(ctx context.Context, user, id, name string, response []byte) (Passkey, error) {
	name, err := passkeyName(name)
	if err != nil {
		return Passkey{}, err
	}
	c, ok := k.asked.take(id)
	if !ok || c.user != user {
		return Passkey{}, gnista.Invalidf("id", "is not good any more: begin anew")
	}
	u, err := k.Users.User(ctx, user)
	if err != nil {
		return Passkey{}, err
	}
	party, err := c.at.party()
	if err != nil {
		return Passkey{}, err
	}
	answer, err := protocol.ParseCredentialCreationResponseBytes(response)
	if err != nil {
		return Passkey{}, gnista.Invalidf("response", "is no answer of a device: %s", detail(err))
	}
	credential, err := party.CreateCredential(holder{User: u}, c.data, answer)
	if err != nil {
		return Passkey{}, gnista.Invalidf("response", "is not taken: %s", detail(err))
	}
	p := Passkey{ID: base64.RawURLEncoding.EncodeToString(credential.ID), User: user, Name: name, Host: c.at.Host, Count: credential.Authenticator.SignCount, CreatedAt: k.Now()}
	credential.Attestation = webauthn.CredentialAttestation{} // nobody is asked whose make the device is
	if p.Credential, err = json.Marshal(credential); err != nil {
		return Passkey{}, err
	}
	return p, k.Store.AddPasskey(ctx, p, maxPasskeys)
}

func passkeyName(name string) (string, error) {
	name = strings.TrimSpace(name)
	if name == "" || utf8.RuneCountInString(name) > maxName {
		return "", gnista.Invalidf("name", "must have 1 to %d characters", maxName)
	}
	return name, nil
}

// Rename gives a passkey of a user another name. NotFound, Invalid.
func (k *Passkeys) Rename(ctx context.Context, user, id, name string) (Passkey, error) {
	name, err := passkeyName(name)
	if err != nil {
		return Passkey{}, err
	}
	return k.Store.ChangePasskey(ctx, user, id, func(p *Passkey) error { p.Name = name; return nil })
}

// Ask asks whatever device is there who signs in. Nothing has to be known of them.
func (k *Passkeys) Ask(at At) (id string, options any, err error) {
	party, err := at.party()
	if err != nil {
		return "", nil, err
	}
	assertion, data, err := party.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return "", nil, err
	}
	return k.asked.ask(ceremony{data: *data, at: at}), assertion.Response, nil
}

// ErrCloned tells that a passkey has been copied.
var ErrCloned = errors.New("the count of the passkey went back: there is a copy of it")

// errPasskey is a NotFound, which tells no more than that somebody may not sign in.
func errPasskey(why string) error {
	return gnista.Errorf(gnista.NotFound, "nobody is known by that passkey: %s", why)
}

// Prove finds the user whose device has answered. NotFound, and [ErrCloned], from which on the passkey is good for
// nothing.
func (k *Passkeys) Prove(ctx context.Context, id string, response []byte) (User, Passkey, error) {
	c, ok := k.asked.take(id)
	if !ok || c.user != "" {
		return User{}, Passkey{}, errPasskey("it was not asked for, or too long ago")
	}
	answer, err := protocol.ParseCredentialRequestResponseBytes(response)
	if err != nil {
		return User{}, Passkey{}, errPasskey(detail(err))
	}
	party, err := c.at.party()
	if err != nil {
		return User{}, Passkey{}, err
	}
	var known Passkey
	var broken error // of the store
	found, credential, err := party.ValidatePasskeyLogin(func(rawID, handle []byte) (webauthn.User, error) {
		p, err := k.Store.Passkey(ctx, base64.RawURLEncoding.EncodeToString(rawID))
		if err == nil && (p.User != string(handle) || p.Host != c.at.Host || !p.ClonedAt.IsZero()) {
			err = gnista.Errorf(gnista.NotFound, "it is another's")
		}
		if err != nil {
			broken = internal(err)
			return nil, err
		}
		u, err := k.Users.User(ctx, p.User)
		if err != nil {
			broken = internal(err)
			return nil, err
		}
		known = p
		return k.holder(u, p)
	}, c.data, answer)
	if broken != nil {
		return User{}, Passkey{}, broken
	}
	if err != nil {
		return User{}, Passkey{}, errPasskey(detail(err))
	}
	u := found.(holder).User
	if u.Disabled {
		return User{}, Passkey{}, errPasskey("the user is disabled")
	}
	credential.Attestation = webauthn.CredentialAttestation{}
	text, err := json.Marshal(credential)
	if err != nil {
		return User{}, Passkey{}, err
	}
	count := answer.Response.AuthenticatorData.Counter
	known, err = k.Store.ChangePasskey(ctx, u.ID, known.ID, func(p *Passkey) error {
		if !p.ClonedAt.IsZero() || (count != 0 || p.Count != 0) && count <= p.Count {
			p.ClonedAt = k.Now()
			return nil
		}
		p.Count, p.Credential, p.SeenAt = count, text, k.Now()
		return nil
	})
	if err == nil && !known.ClonedAt.IsZero() {
		err = ErrCloned
	}
	return u, known, err
}

// internal is an error that is none of whoever asks.
func internal(err error) error {
	if gnista.CodeOf(err) == gnista.NotFound {
		return nil
	}
	return err
}

// detail is what the library finds wrong, in words.
func detail(err error) string {
	if e, ok := errors.AsType[*protocol.Error](err); ok {
		return strings.TrimSpace(e.Details + " " + e.DevInfo)
	}
	return err.Error()
}
