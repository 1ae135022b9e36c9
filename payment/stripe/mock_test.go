package stripe_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"testing"
	"time"

	"gnista/payment/paymenttest"
)

// stripeMock is where make peers puts Stripe's own mock server, which holds requests to the description of the interface.
const stripeMock = "../../bin/stripe-mock"

// startMock starts stripe-mock on this machine, and tells its address.
func startMock(t *testing.T) string {
	t.Helper()
	if _, err := os.Stat(stripeMock); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("stripe-mock is missing: %v; run make peers", err)
		}
		t.Skipf("skipped: stripe-mock is missing: %v; run make peers", err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0") // for a port that is free
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	ctx, stop := context.WithCancel(context.Background())
	mock := exec.CommandContext(ctx, stripeMock, "-http-addr", address)
	if err := mock.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(); mock.Wait() })
	for range 200 {
		c, err := net.Dial("tcp", address)
		if err == nil {
			c.Close()
			return "http://" + address
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("stripe-mock does not start")
	return ""
}

// Stripe's own description of its interface takes every request that we make.
func TestStripeMock(t *testing.T) {
	mock := startMock(t)
	paymenttest.Run(t, world(mock))
	t.Run("cards on file", func(t *testing.T) { cardOnFile(t, mock) })
	t.Run("lists", func(t *testing.T) { lists(t, mock) })

	// It is there: what it does not take, nobody else would have refused.
	s, c := newSim(t, time.Now, mock)
	r, err := http.NewRequest(http.MethodPost, c.URL+"/v1/customers?made-up=1", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+testKey)
	r.Header.Set("Stripe-Version", "2026-03-25.dahlia")
	res, err := c.Client.Do(r)
	if err = errors.Join(err); err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusBadRequest || s.Balance("sek") != 0 {
		t.Errorf("a parameter that there is not is answered with %d", res.StatusCode)
	}
}
