//go:build linux

package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"gnista"
	"gnista/payment"
)

type benchHooks struct {
	Stations int           `help:"Stations with ordinary traffic." default:"500"`
	Rate     float64       `help:"Events per second of the ordinary traffic." default:"500"`
	Slice    time.Duration `help:"How long ordinary traffic is measured before and during each burst." default:"4s"`
	Bursts   int           `help:"Bursts that are measured." default:"3"`
	Messages int           `help:"Messages of a provider of payments in a burst." default:"10000"`
	At       int           `help:"Messages that the provider sends at one time." default:"128"`
}

// hookPayments are the payments that messages are about.
const hookPayments = 1000

// Run measures ordinary traffic beside bursts of messages of a provider of payments, each of which is to be taken
// in and followed.
func (b *benchHooks) Run(ctx context.Context, o *output) error {
	allowedFiles(b.Stations + b.At + spareFiles)
	p, err := launch(ctx, "hooks")
	if err != nil {
		return err
	}
	defer p.end()
	traffic := newLoad(p.address, b.Stations)
	defer traffic.close()
	if err := traffic.connect(ctx, func(int) {}); err != nil {
		return err
	}
	refs, err := b.refs(ctx, p)
	if err != nil {
		return err
	}
	if _, err := traffic.events(ctx, 2*b.Slice, b.Rate); err != nil { // everything gets warm
		return err
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: b.At}, Timeout: time.Minute}
	var idle, busy, answers []time.Duration
	var took, followed time.Duration
	for burst := range b.Bursts {
		r, err := traffic.events(ctx, b.Slice, b.Rate)
		if err != nil {
			return err
		}
		idle = append(idle, r.delays...)
		var sending sync.WaitGroup
		var sent []time.Duration
		var failed error
		begun := time.Now()
		sending.Go(func() {
			sent, failed = b.burst(ctx, client, p, burst, refs)
			took = max(took, time.Since(begun))
		})
		r, err = traffic.events(ctx, b.Slice, b.Rate)
		sending.Wait()
		if err = errors.Join(err, failed); err != nil {
			return err
		}
		busy, answers = append(busy, r.delays...), append(answers, sent...)
		if err := b.done(ctx, p, (burst+1)*b.Messages); err != nil {
			return err
		}
		followed = max(followed, time.Since(begun))
	}
	slower := float64(at(busy, 0.99)) / float64(at(idle, 0.99))
	fmt.Fprintf(o.out, "\n| %d messages, %d at one time | p50 | p99 |\n|---|---|---|\n| events without | %v | %v |\n| events beside | %v | %v |\n| messages | %v | %v |\n", b.Messages, b.At,
		at(idle, 0.5), at(idle, 0.99), at(busy, 0.5), at(busy, 0.99), at(answers, 0.5), at(answers, 0.99))
	fmt.Fprintf(o.out, "\nBeside %.0f events/s a burst was taken in within %v and followed within %v, and none is missing. p99 of events is %.2f of its idle value (wanted: %.0f).\n",
		b.Rate, took.Round(10*time.Millisecond), followed.Round(10*time.Millisecond), slower, maxSlower)
	if slower > maxSlower {
		return errors.New("messages of providers disturb ordinary traffic more than wanted")
	}
	return nil
}

// refs are the provider's names of payments, once there are all.
func (b *benchHooks) refs(ctx context.Context, p *process) (refs []string, err error) {
	for until := time.Now().Add(time.Minute); time.Now().Before(until); time.Sleep(200 * time.Millisecond) {
		text, err := get(ctx, "http://"+p.address+"/api/v1/payments?state=held&limit=1000")
		if err != nil {
			return nil, err
		}
		var list struct{ Items []struct{ ID string } }
		if err := json.Unmarshal(text, &list); err != nil {
			return nil, err
		}
		if len(list.Items) < hookPayments {
			continue
		}
		for _, x := range list.Items {
			refs = append(refs, benchRef(x.ID))
		}
		return refs, nil
	}
	return nil, errors.New("the payments of the benchmark were not made")
}

// burst sends messages as fast as they are answered, and tells how long each took.
func (b *benchHooks) burst(ctx context.Context, client *http.Client, p *process, burst int, refs []string) ([]time.Duration, error) {
	next := make(chan int)
	var mu sync.Mutex
	var delays []time.Duration
	var failed error
	var sending sync.WaitGroup
	for range b.At {
		sending.Go(func() {
			for i := range next {
				begun := time.Now()
				err := sendHook(ctx, client, p.address, benchHook{fmt.Sprintf("%d-%d", burst, i), refs[i%len(refs)]})
				mu.Lock()
				delays, failed = append(delays, time.Since(begun)), errors.Join(failed, err)
				mu.Unlock()
			}
		})
	}
	for i := range b.Messages {
		next <- i
	}
	close(next)
	sending.Wait()
	return delays, failed
}

func sendHook(ctx context.Context, client *http.Client, address string, h benchHook) error {
	text, err := json.Marshal(h)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+address+"/hooks/bench", bytes.NewReader(text))
	if err != nil {
		return err
	}
	r.Header.Set("Signature", benchSignature(text))
	resp, err := client.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	io.Copy(io.Discard, resp.Body)
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("a message was answered %s", resp.Status)
	}
	return nil
}

// done waits until nothing waits any more, and counts what was done.
func (b *benchHooks) done(ctx context.Context, p *process, want int) error {
	address := "http://" + p.address + "/api/v1/payments/hints?state="
	var list struct {
		Items   []struct{ ID string }
		Next    string
		Backlog []struct{ Waiting int }
	}
	ask := func(query string) error {
		text, err := get(ctx, address+query)
		list.Items, list.Next, list.Backlog = nil, "", nil
		if err == nil {
			err = json.Unmarshal(text, &list)
		}
		return err
	}
	for until := time.Now().Add(2 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if err := ask("waiting&limit=1"); err != nil {
			return err
		}
		if len(list.Backlog) == 0 {
			break
		}
		if time.Now().After(until) {
			return fmt.Errorf("%d messages still wait", list.Backlog[0].Waiting)
		}
	}
	seen := map[string]bool{}
	for query := "done&limit=1000"; query != ""; {
		if err := ask(query); err != nil {
			return err
		}
		for _, x := range list.Items {
			seen[x.ID] = true
		}
		if query = ""; list.Next != "" {
			query = "done&limit=1000&cursor=" + list.Next
		}
	}
	if len(seen) != want {
		return fmt.Errorf("%d of %d messages were followed", len(seen), want)
	}
	return nil
}

// benchBank is a provider that has what it was asked to set aside.
type benchBank struct{ payment.Provider }

type benchHook struct{ ID, Ref string }

func benchRef(id string) string { return "bench-" + id }

func benchSignature(body []byte) string {
	m := hmac.New(sha256.New, []byte("bench"))
	m.Write(body)
	return hex.EncodeToString(m.Sum(nil))
}

func (benchBank) Name() string       { return "bench" }
func (benchBank) Caps() payment.Caps { return payment.Caps{Hold: true, Test: true} }
func (benchBank) Hold(_ context.Context, op payment.Operation, p payment.Payment) (payment.Snapshot, error) {
	return payment.Snapshot{Ref: benchRef(p.ID), Held: op.Amount}, nil
}
func (b benchBank) Increment(ctx context.Context, op payment.Operation, p payment.Payment) (payment.Snapshot, error) {
	return b.Hold(ctx, op, p)
}
func (benchBank) Fetch(_ context.Context, p payment.Payment) (payment.Snapshot, error) {
	time.Sleep(5 * time.Millisecond) // it is somewhere else
	return payment.Snapshot{Ref: p.Ref, Held: p.Held}, nil
}
func (benchBank) Verify(_ context.Context, h http.Header, body []byte) ([]payment.Hint, error) {
	if !hmac.Equal([]byte(h.Get("Signature")), []byte(benchSignature(body))) {
		return nil, gnista.Invalidf("signature", "is not that of the body")
	}
	var x benchHook
	if err := json.Unmarshal(body, &x); err != nil {
		return nil, gnista.Invalidf("body", "%v", err)
	}
	return []payment.Hint{{ID: x.ID, Ref: x.Ref}}, nil
}

// holdMany sets amounts aside, for messages to be about.
func (a *app) holdMany(ctx context.Context) error {
	for range hookPayments {
		if _, err := a.payments.Hold(ctx, "bench", "", gnista.Money{Amount: 200_00, Currency: "SEK"}); err != nil {
			return err
		}
	}
	return nil
}
