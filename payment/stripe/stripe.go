// Package stripe has payments made by card with Stripe: a driver confirms in Stripe's own element in a page, which
// sets an amount aside until it is known what is due; of an account that has a card on file what is due is taken
// without its driver. No data of cards comes to us.
//
// What was done for an operation is found by its id, which is in the metadata of what it made, and which is the
// idempotency key. Stripe knows a key for a day; an operation in doubt is looked up before it is sent again.
package stripe

import (
	"context"
	"net/http"
	"strings"
	"time"

	sdk "github.com/stripe/stripe-go/v85"

	"gnista/payment"
)

// Name is the provider's.
const Name = "stripe"

// Mandates knows what an account has agreed to.
type Mandates interface {
	// Mandate finds a mandate. NotFound.
	Mandate(ctx context.Context, id string) (payment.Mandate, error)
}

// Config is what a provider is made with.
type Config struct {
	Key         string // secret key
	Publishable string // key that pages show
	Webhook     string // secret that Stripe signs what it tells with; empty hears nothing
	URL         string // of the interface; empty is Stripe's
	Client      *http.Client
	HoldLife    time.Duration // that an amount is taken to stay set aside where Stripe does not say until when; 0 is [HoldLife]
	Mandates    Mandates
	Now         func() time.Time
}

// HoldLife is how long an amount on a card stays set aside where Stripe does not say until when: as for most cards.
const HoldLife = 7 * 24 * time.Hour

// Provider takes payments with Stripe.
type Provider struct {
	Config
	api *sdk.Client
}

var (
	_ payment.Provider = (*Provider)(nil)
	_ payment.Starter  = (*Provider)(nil)
	_ payment.Holder   = (*Provider)(nil)
	_ payment.Remote   = (*Provider)(nil)
	_ payment.Lister   = (*Provider)(nil)
	_ payment.Keeper   = (*Provider)(nil)
)

// New makes a provider. The client library says nothing by itself, sends no telemetry and tries nothing again:
// operations are, by whoever has them.
func New(c Config) *Provider {
	if c.Client == nil {
		c.Client = &http.Client{}
	}
	quiet := &sdk.BackendConfig{
		HTTPClient: c.Client, LeveledLogger: &sdk.LeveledLogger{Level: sdk.LevelNull}, MaxNetworkRetries: sdk.Int64(0), EnableTelemetry: sdk.Bool(false),
	}
	if c.URL != "" {
		quiet.URL = sdk.String(c.URL)
	}
	return &Provider{Config: c, api: sdk.NewClient(c.Key, sdk.WithBackends(sdk.NewBackendsWithConfig(quiet)))}
}

// Name is the provider's.
func (*Provider) Name() string { return Name }

// Caps are what it can do.
func (p *Provider) Caps() payment.Caps {
	return payment.Caps{
		Hold: true, Minima: minima(), Currencies: currencies(), MaxAmount: 999_999_99, Test: !p.live(),
		Words: map[string]string{"sv": "Kort, Apple Pay eller Google Pay", "en": "Card, Apple Pay or Google Pay"},
	}
}

// live tells whether real money moves.
func (p *Provider) live() bool {
	return !strings.HasPrefix(p.Key, "sk_test_") && !strings.HasPrefix(p.Key, "rk_test_")
}

// The metadata by which what we have made is found.
const (
	metaPayment   = "payment"
	metaOperation = "operation"
	metaMandate   = "mandate"
	metaAccount   = "account"
)

func about(op payment.Operation) map[string]string {
	return map[string]string{metaPayment: op.Payment, metaOperation: op.ID}
}
