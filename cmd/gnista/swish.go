package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"gnista/payment"
	"gnista/payment/swish"
	"gnista/payment/swish/swishsim"
)

// swishing is how payments are taken by Swish.
type swishing struct {
	SwishNumber      string `help:"Swish number of the merchant, as in 1231181189; with one drivers can pay by Swish." placeholder:"NUMBER"`
	SwishCertificate string `help:"File with the client certificate for Swish, PEM, its own authorities behind it." type:"path" placeholder:"FILE"`
	SwishKey         string `help:"File with the key of that, PEM." type:"path" placeholder:"FILE"`
	SwishCA          string `help:"File with the authorities that Swish is known by, PEM; without it those of this machine." name:"swish-ca" type:"path" placeholder:"FILE"`
	SwishEndpoint    string `help:"Address of the API of Swish." default:"https://cpc.getswish.net/swish-cpcapi"`
	SwishCallback    string `help:"https address under which Swish reaches this system; without it that of --public-url." placeholder:"URL"`
}

// swishHook is where Swish tells what has happened.
const swishHook = "/hooks/" + swish.Name

// provider is Swish for the merchant; nil without one.
func (s swishing) provider(o options) (payment.Provider, error) {
	if s.SwishNumber == "" {
		if s.SwishCertificate != "" || s.SwishKey != "" || s.SwishCA != "" || s.SwishCallback != "" {
			return nil, errors.New("--swish-number is missing")
		}
		return nil, nil
	}
	base := s.SwishCallback
	if base == "" {
		base = o.PublicURL
	}
	switch {
	case len(s.SwishNumber) != 10 || strings.Trim(s.SwishNumber, "0123456789") != "":
		return nil, errors.New("--swish-number must be ten digits")
	case s.SwishCertificate == "" || s.SwishKey == "":
		return nil, errors.New("--swish-number needs --swish-certificate and --swish-key")
	case !strings.HasPrefix(base, "https://"):
		return nil, errors.New("what was paid by Swish is told at an https address: --swish-callback or --public-url must be one")
	case !strings.HasPrefix(s.SwishEndpoint, "https://"):
		return nil, errors.New("--swish-endpoint must be an https address")
	}
	files := make([][]byte, 3)
	for i, name := range []string{s.SwishCertificate, s.SwishKey, s.SwishCA} {
		if name == "" {
			continue
		}
		var err error
		if files[i], err = os.ReadFile(name); err != nil {
			return nil, fmt.Errorf("reading the certificates for Swish: %w", err)
		}
	}
	client, err := swish.NewClient(files[0], files[1], files[2])
	if err != nil {
		return nil, err
	}
	secret, err := swishSecret(o)
	if err != nil {
		return nil, err
	}
	return &swish.Provider{
		Payee: s.SwishNumber, Endpoint: s.SwishEndpoint, Callback: strings.TrimRight(base, "/") + swishHook, Secret: secret, Client: client,
		Test: s.SwishEndpoint != swish.Endpoint, Now: o.Now,
	}, nil
}

// swishSecret is what callbacks are known by: the same after a restart.
func swishSecret(o options) ([]byte, error) { return derived(o.Secret, "callbacks of Swish") }

// simulatedSwish is a Swish in this process, in which no money moves.
type simulatedSwish struct {
	*swish.Provider
	sim *swishsim.Sim
}

// simulateSwish starts a simulated Swish that tells a system that listens at an address what was paid, until ctx ends.
func simulateSwish(ctx context.Context, o options, at net.Addr) (*simulatedSwish, error) {
	sim, err := swishsim.New(o.Now, func() string { return strings.ToUpper(strings.ReplaceAll(o.NewID(), "-", "")) })
	if err != nil {
		return nil, err
	}
	if o.Remember != "" {
		if err := sim.Remember(filepath.Join(o.Remember, "swish.jsonl")); err != nil {
			return nil, fmt.Errorf("simulating Swish: %w", err)
		}
	}
	l, server, err := sim.Listen("127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("starting the simulated Swish: %w", err)
	}
	client, err := swish.NewClient(sim.Client())
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	secret, err := swishSecret(o)
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	sim.Send = sendCallback
	go server.ServeTLS(l, "", "")
	go sim.Run(ctx)
	context.AfterFunc(ctx, func() {
		server.Close()
		sim.Forget()
	})
	return &simulatedSwish{&swish.Provider{
		Payee: swishsim.Merchant, Endpoint: "https://" + l.Addr().String() + "/swish-cpcapi", Callback: "http://" + reachable(at) + swishHook, Secret: secret, Client: client, Test: true, Now: o.Now,
	}, sim}, nil
}

func sendCallback(ctx context.Context, c swishsim.Callback) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL, bytes.NewReader(c.Body))
	if err != nil {
		return err
	}
	r.Header = c.Header
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	res.Body.Close()
	if res.StatusCode/100 != 2 {
		return fmt.Errorf("a callback was answered %d", res.StatusCode)
	}
	return nil
}

// Answer is what the customer says in the app of Swish.
func (s *simulatedSwish) Answer(_ context.Context, a payment.Action, agree bool) error {
	if agree {
		return s.sim.Confirm(a.Text)
	}
	return s.sim.Decline(a.Text)
}
