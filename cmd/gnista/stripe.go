package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"gnista/payment/stripe"
	"gnista/payment/stripe/stripesim"
)

// cards is with whom cards are charged. Secrets are in files.
type cards struct {
	StripeSecretKeyFile     string        `help:"File with the secret key of an account with Stripe, which takes cards." placeholder:"FILE"`
	StripePublishableKey    string        `help:"The publishable key that goes with it, which pages show." placeholder:"KEY"`
	StripeWebhookSecretFile string        `help:"File with the secret that Stripe signs with what it tells to /hooks/stripe. The endpoint there must be of the version of the interface that the documentation names." placeholder:"FILE"`
	StripeHoldLife          time.Duration `help:"How long an amount is taken to stay set aside where Stripe does not say until when." default:"168h"`
	TestPayments            bool          `help:"Where no provider of payments is set up, simulate one: no real money moves. --demo does so too."`
}

// config is with which account cards are charged; nil is with none.
func (c cards) config() (*stripe.Config, error) {
	if c.StripeSecretKeyFile == "" {
		if c.StripePublishableKey != "" || c.StripeWebhookSecretFile != "" {
			return nil, errors.New("--stripe-secret-key-file is missing: Stripe needs its secret key, its publishable key and its webhook secret")
		}
		return nil, nil
	}
	key, err := readSecret("--stripe-secret-key-file", c.StripeSecretKeyFile, "sk_", "rk_")
	if err != nil {
		return nil, err
	}
	if c.StripeWebhookSecretFile == "" {
		return nil, errors.New("--stripe-webhook-secret-file is missing: without it nothing is heard of payments")
	}
	hook, err := readSecret("--stripe-webhook-secret-file", c.StripeWebhookSecretFile, "whsec_")
	if err != nil {
		return nil, err
	}
	test := strings.HasPrefix(c.StripePublishableKey, "pk_test_")
	if !test && !strings.HasPrefix(c.StripePublishableKey, "pk_live_") {
		return nil, errors.New("--stripe-publishable-key: it begins with pk_test_ or pk_live_")
	}
	conf := &stripe.Config{Key: key, Publishable: c.StripePublishableKey, Webhook: hook, HoldLife: c.StripeHoldLife}
	if c.StripeHoldLife < 0 {
		return nil, errors.New("--stripe-hold-life is negative")
	}
	if stripe.New(*conf).Caps().Test != test {
		return nil, errors.New("--stripe-publishable-key: it is of another mode than the secret key")
	}
	return conf, nil
}

// readSecret reads a secret from a file. It begins with one of some prefixes.
func readSecret(flag, file string, prefixes ...string) (string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("%s: %w", flag, err)
	}
	secret := strings.TrimSpace(string(text))
	for _, p := range prefixes {
		if strings.HasPrefix(secret, p) && !strings.ContainsAny(secret, " \t\r\n") {
			return secret, nil
		}
	}
	return "", fmt.Errorf("%s: what is in the file does not begin with %s", flag, strings.Join(prefixes, " or "))
}

// stripeSim is Stripe, simulated on this machine.
type stripeSim struct {
	*stripesim.Sim
	config *stripe.Config
	server *http.Server
	ctx    context.Context
	stop   context.CancelFunc
}

// startStripeSim simulates Stripe, which remembers where it is told a folder.
func startStripeSim(o options) (*stripeSim, error) {
	hook := []byte(rand.Text())
	if o.Remember != "" { // what it calls things follows from it
		var err error
		if hook, err = derived(o.Secret, "simulated Stripe"); err != nil {
			return nil, err
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("simulating Stripe: %w", err)
	}
	s := &stripeSim{config: &stripe.Config{
		Key: "sk_test_" + rand.Text(), Publishable: "pk_test_simulated", Webhook: fmt.Sprintf("whsec_%x", hook), URL: "http://" + l.Addr().String(),
	}}
	s.Sim = stripesim.New(stripesim.Options{Key: s.config.Key, Webhook: s.config.Webhook, Now: time.Now})
	if o.Remember != "" {
		if err := s.Remember(filepath.Join(o.Remember, "stripe.jsonl")); err != nil {
			return nil, errors.Join(fmt.Errorf("simulating Stripe: %w", err), l.Close())
		}
	}
	s.server = s.Start(l)
	s.ctx, s.stop = context.WithCancel(context.Background())
	return s, nil
}

// tell lets it tell what happens to a system that listens at an address.
func (s *stripeSim) tell(at net.Addr) {
	go s.Deliver(s.ctx, "http://"+reachable(at)+"/hooks/stripe")
}

func (s *stripeSim) end() {
	s.stop()
	s.server.Close()
	s.Forget()
}
