package ocppj_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"gnista/ocpp/ocppj"
)

// peer is one end of a line between two Conns. What it writes reaches the other end through a
// goroutine, as a socket would carry it.
type peer struct {
	conn  ocppj.Conn
	name  string
	other *peer
	wire  chan []byte
	fail  error // of Write
	serve func(ctx context.Context, p *peer, f ocppj.Frame) (json.RawMessage, error)
	mu    sync.Mutex
	log   []string
	calls int
}

func (p *peer) Serve(ctx context.Context, f ocppj.Frame) (json.RawMessage, error) {
	p.note("serve " + f.Action)
	return p.serve(ctx, p, f)
}

func (p *peer) Write(text []byte) error {
	p.note("write " + string(text))
	if p.fail != nil {
		return p.fail
	}
	p.wire <- text
	return nil
}

func (p *peer) Stray(f ocppj.Frame, err error) { p.note("stray " + f.ID) }

func (p *peer) Ended(err error) { p.note("ended: " + err.Error()) }

func (p *peer) NewID() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls++
	return fmt.Sprintf("%s%d", p.name, p.calls)
}

func (p *peer) note(s string) {
	p.mu.Lock()
	p.log = append(p.log, s)
	p.mu.Unlock()
}

func (p *peer) noted() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.log, "\n")
}

// read carries what p wrote to the other end.
func (p *peer) read(ctx context.Context) {
	for {
		select {
		case text := <-p.wire:
			if p.other.conn.Receive(text) {
				go p.other.conn.Work(ctx)
			}
		case <-ctx.Done():
			return
		}
	}
}

func pair(t *testing.T, v ocppj.Version) (a, b *peer) {
	echo := func(_ context.Context, _ *peer, f ocppj.Frame) (json.RawMessage, error) { return f.Payload, nil }
	a = &peer{name: "a", wire: make(chan []byte, 100), serve: echo}
	b = &peer{name: "b", wire: make(chan []byte, 100), serve: echo}
	a.other, b.other = b, a
	for _, p := range []*peer{a, b} {
		p.conn.Version, p.conn.Owner = v, p
		go p.read(t.Context())
	}
	return a, b
}

func TestCallBothWays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := pair(t, ocppj.V201)
		for _, p := range []*peer{a, b} {
			got, err := p.conn.CallRaw(t.Context(), "Echo", raw(`{"x":1}`))
			if err != nil || string(got) != `{"x":1}` {
				t.Fatalf("got %s, %v", got, err)
			}
		}
	})
}

func TestT19CallInsideHandler(t *testing.T) {
	// T19 of the known traps: a CALL to the peer from within the handler of its CALL.
	synctest.Test(t, func(t *testing.T) {
		a, b := pair(t, ocppj.V201)
		b.serve = func(ctx context.Context, p *peer, f ocppj.Frame) (json.RawMessage, error) {
			return p.conn.CallRaw(ctx, "Back", f.Payload)
		}
		got, err := a.conn.CallRaw(t.Context(), "There", raw(`{"x":2}`))
		if err != nil || string(got) != `{"x":2}` {
			t.Fatalf("got %s, %v", got, err)
		}
	})
}

func TestOneCallInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := pair(t, ocppj.V16)
		var mu sync.Mutex
		running, most, served := 0, 0, 0
		b.serve = func(_ context.Context, _ *peer, f ocppj.Frame) (json.RawMessage, error) {
			mu.Lock()
			running++
			served++
			most = max(most, running)
			mu.Unlock()
			time.Sleep(time.Second)
			mu.Lock()
			running--
			mu.Unlock()
			return f.Payload, nil
		}
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				if _, err := a.conn.CallRaw(t.Context(), "Echo", raw(`{}`)); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if served != 10 || most != 1 {
			t.Errorf("served %d, at most %d at once", served, most)
		}
	})
}

func TestTimeoutThenLateAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := pair(t, ocppj.V201)
		b.serve = func(_ context.Context, _ *peer, f ocppj.Frame) (json.RawMessage, error) {
			time.Sleep(time.Minute)
			return f.Payload, nil
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		waiting := make(chan error)
		go func() {
			_, err := a.conn.CallRaw(ctx, "Slow", raw(`{"n":1}`))
			waiting <- err
		}()
		if err := <-waiting; !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("got %v", err)
		}
		got, err := a.conn.CallRaw(t.Context(), "Slow", raw(`{"n":2}`))
		if err != nil || string(got) != `{"n":2}` {
			t.Fatalf("the next call got %s, %v", got, err)
		}
		if !strings.Contains(a.noted(), "stray a1") {
			t.Errorf("the late answer was not told of:\n%s", a.noted())
		}
	})
}

func TestGivingUpATurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := pair(t, ocppj.V201)
		b.serve = func(_ context.Context, _ *peer, f ocppj.Frame) (json.RawMessage, error) {
			time.Sleep(10 * time.Second)
			return f.Payload, nil
		}
		results := make(chan error, 3)
		for _, limit := range []time.Duration{time.Hour, 5 * time.Second, time.Hour} {
			go func() {
				ctx, cancel := context.WithTimeout(t.Context(), limit)
				defer cancel()
				_, err := a.conn.CallRaw(ctx, "Slow", raw(`{}`))
				results <- err
			}()
			synctest.Wait()
		}
		if err := <-results; !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the second got %v", err)
		}
		for range 2 {
			if err := <-results; err != nil {
				t.Error(err)
			}
		}
	})
}

// The peer is busy with a CALL until it has answered it, whoever still wants to know.
func TestGivingUpACallInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := pair(t, ocppj.V201)
		a.conn.Timeout = 30 * time.Second
		var busy atomic.Int32
		b.serve = func(_ context.Context, _ *peer, f ocppj.Frame) (json.RawMessage, error) {
			if busy.Add(1) > 1 {
				t.Error("a second CALL came while the first was not answered")
			}
			time.Sleep(10 * time.Second)
			busy.Add(-1)
			return f.Payload, nil
		}
		call := func(limit time.Duration) chan error {
			done := make(chan error, 1)
			go func() {
				ctx, cancel := context.WithTimeout(t.Context(), limit)
				defer cancel()
				_, err := a.conn.CallRaw(ctx, "Slow", raw(`{}`))
				done <- err
			}()
			synctest.Wait()
			return done
		}
		inFlight, waiting, patient := call(time.Second), call(2*time.Second), call(time.Minute)
		if err := <-waiting; !errors.Is(err, ocppj.ErrNoTurn) {
			t.Errorf("who gave up waiting got %v", err)
		}
		if err := <-inFlight; err != nil {
			t.Errorf("who gave up in flight got %v", err)
		}
		if err := <-patient; err != nil {
			t.Errorf("who did not give up got %v", err)
		}
		b.serve = func(context.Context, *peer, ocppj.Frame) (json.RawMessage, error) {
			time.Sleep(time.Minute)
			return nil, nil
		}
		start := time.Now()
		if err := <-call(time.Hour); !errors.Is(err, ocppj.ErrUnanswered) || time.Since(start) != a.conn.Timeout {
			t.Errorf("who was not answered got %v after %v", err, time.Since(start))
		}
		time.Sleep(time.Hour)
	})
}

// The CALL of a caller that has given up is not sent, even if its turn comes at that moment.
func TestLateTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &peer{name: "a", wire: make(chan []byte, 100)}
		a.conn.Version, a.conn.Owner = ocppj.V201, a
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := a.conn.CallRaw(ended, "Echo", raw(`{}`)); !errors.Is(err, ocppj.ErrNoTurn) {
			t.Errorf("got %v", err)
		}
		call := func(ctx context.Context) chan error {
			done := make(chan error, 1)
			go func() {
				_, err := a.conn.CallRaw(ctx, "Echo", raw(`{}`))
				done <- err
			}()
			synctest.Wait()
			return done
		}
		for i := range 50 {
			ctx, cancel := context.WithCancel(t.Context())
			first, second := call(t.Context()), call(ctx)
			cancel()
			a.conn.Receive(fmt.Appendf(nil, `[3,"a%d",{}]`, 2*i+2))
			if err := <-first; err != nil {
				t.Fatal(err)
			}
			if err := <-second; !errors.Is(err, ocppj.ErrNoTurn) {
				t.Fatalf("got %v", err)
			}
		}
	})
}

// What was allowed when a CALL was made may not be when its turn comes: then it is not sent.
func TestBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := pair(t, ocppj.V201)
		b.serve = func(_ context.Context, _ *peer, f ocppj.Frame) (json.RawMessage, error) {
			time.Sleep(10 * time.Second)
			return f.Payload, nil
		}
		no := errors.New("no longer")
		var over atomic.Bool
		ask := func(context.Context) error {
			if over.Load() {
				return no
			}
			return nil
		}
		call := func(ctx context.Context, action string) chan error {
			done := make(chan error, 1)
			go func() {
				_, err := a.conn.CallRaw(ctx, action, raw(`{}`))
				done <- err
			}()
			synctest.Wait()
			return done
		}
		first := call(ocppj.Before(t.Context(), ask), "First")
		second := call(ocppj.Before(t.Context(), ask), "Second")
		third := call(t.Context(), "Third")
		over.Store(true)
		if err := <-first; err != nil {
			t.Error(err)
		}
		if err := <-second; err != no {
			t.Errorf("got %v", err)
		}
		if err := <-third; err != nil {
			t.Error(err)
		}
		if strings.Contains(a.noted(), "Second") {
			t.Errorf("it was sent:\n%s", a.noted())
		}
	})
}

func TestErrorsCrossTheWire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := pair(t, ocppj.V16)
		b.serve = func(context.Context, *peer, ocppj.Frame) (json.RawMessage, error) {
			return nil, ocppj.Errorf(ocppj.OccurrenceConstraintViolation, "idTag: is required")
		}
		_, err := a.conn.CallRaw(t.Context(), "Authorize", raw(`{}`))
		e, ok := errors.AsType[*ocppj.Error](err)
		if !ok || e.Code != ocppj.OccurrenceConstraintViolation || e.Description != "idTag: is required" {
			t.Errorf("got %v", err)
		}
		if !strings.Contains(b.noted(), `"OccurenceConstraintViolation"`) {
			t.Errorf("not in the spelling of 1.6: %s", b.noted())
		}
	})
}

// T21 of the known traps: nothing of an internal error is told to the peer.
func TestT21InternalErrorsStayInside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := pair(t, ocppj.V16)
		b.serve = func(context.Context, *peer, ocppj.Frame) (json.RawMessage, error) {
			return nil, errors.New("SELECT secret FROM table")
		}
		_, err := a.conn.CallRaw(t.Context(), "Authorize", raw(`{}`))
		if err == nil || strings.Contains(err.Error(), "secret") || !strings.Contains(b.noted(), `"InternalError"`) {
			t.Errorf("got %v", err)
		}
	})
}

func TestBrokenAnswers(t *testing.T) {
	f := func(v ocppj.Version, text string, code ocppj.Code, told string) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			a, b := pair(t, v)
			b.serve = func(ctx context.Context, _ *peer, _ ocppj.Frame) (json.RawMessage, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			done := make(chan error, 2)
			for range cap(done) { // the second waits for its turn
				go func() {
					_, err := a.conn.CallRaw(t.Context(), "Reset", raw(`{}`))
					done <- err
				}()
				synctest.Wait()
			}
			a.conn.Receive([]byte(text))
			synctest.Wait()
			if code == "" {
				if len(done) > 0 || !strings.Contains(a.noted(), "stray") {
					t.Errorf("%v %s: answers the call: %s", v, text, a.noted())
				}
			} else if e, ok := errors.AsType[*ocppj.Error](<-done); !ok || e.Code != code {
				t.Errorf("%v %s: got %v", v, text, e)
			}
			if got := a.noted(); !strings.Contains(got, told) || told == "" && strings.Count(got, "write") != 1 {
				t.Errorf("%v %s: got %s, want %s", v, text, got, told)
			}
			a.conn.Close(nil)
		})
	}
	const next = `write [2,"a2","Reset",{}]`
	f(ocppj.V16, `[3,"a1",{"status":["Accepted"]]`, ocppj.FormatViolation, next)
	f(ocppj.V16, `[3,"a1",{"status":"Acc`, ocppj.RPCFrameworkError, next)
	f(ocppj.V16, `[3,"a1"`, ocppj.RPCFrameworkError, next)
	f(ocppj.V16, `[3,"a1"]`, ocppj.FormatViolation, next)
	f(ocppj.V16, `[3,"a1",{"status":"`+"\xff"+`"}]`, ocppj.RPCFrameworkError, next)
	f(ocppj.V16, `[4,"a1"]`, ocppj.RPCFrameworkError, next)
	f(ocppj.V201, `[4,"a1","Gene`, ocppj.RPCFrameworkError, next)
	f(ocppj.V21, `[3,"a1",{"status":["Accepted"]]`, ocppj.FormatViolation, `write [5,"a1","FormatViolation","the answer cannot be read: the payload is not an object",{}]`)
	f(ocppj.V16, `[3,"a7",{"status":["Accepted"]]`, "", "")
	f(ocppj.V16, `[3,"a`, "", `write [4,"-1",`)
	f(ocppj.V16, `[3,"",`, "", "")
}

// An answer without an id is nobody's, also while the turn passes from one CALL to the next.
func TestAnswerWithoutID(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &peer{name: "a", wire: make(chan []byte, 1000)}
		a.conn.Version, a.conn.Owner = ocppj.V201, a
		for i := range 200 {
			done := make(chan error, 2)
			for range cap(done) {
				go func() {
					_, err := a.conn.CallRaw(t.Context(), "Echo", raw(`{}`))
					done <- err
				}()
				synctest.Wait()
			}
			a.conn.Receive(fmt.Appendf(nil, `[3,"a%d",{}]`, 2*i+1))
			for len(done) == 0 {
				a.conn.Receive([]byte(`[3,7,{}]`))
			}
			synctest.Wait()
			a.conn.Receive(fmt.Appendf(nil, `[3,"a%d",{}]`, 2*i+2))
			for range cap(done) {
				if err := <-done; err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

func TestUnreadableTexts(t *testing.T) {
	f := func(v ocppj.Version, text, want string) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			a, _ := pair(t, v)
			if a.conn.Receive([]byte(text)) {
				go a.conn.Work(t.Context())
			}
			synctest.Wait()
			got := a.noted()
			if want == "" && strings.Contains(got, "write") || !strings.Contains(got, want) {
				t.Errorf("%v %s: got %s, want %s", v, text, got, want)
			}
		})
	}
	f(ocppj.V201, `nonsense`, `write [4,"-1","RpcFrameworkError"`)
	f(ocppj.V16, `nonsense`, `write [4,"-1","FormationViolation"`)
	f(ocppj.V201, `[2,"7"]`, `write [4,"7","RpcFrameworkError"`)
	f(ocppj.V201, `[9,"7",{}]`, `write [4,"7","MessageTypeNotSupported"`)
	f(ocppj.V201, `[6,"7","NotifyPeriodicEventStream",{}]`, `write [4,"7","MessageTypeNotSupported"`)
	f(ocppj.V16, `[9,"7",{}]`, ``)
	f(ocppj.V21, `[6,"7","NotifyPeriodicEventStream",{}]`, `serve NotifyPeriodicEventStream`)
	f(ocppj.V201, `[3,"7"]`, ``)
	f(ocppj.V201, `[3,"7",{}]`, `stray 7`)
	f(ocppj.V201, `[4,"7","GenericError","",{}]`, `stray 7`)
}

func TestSendIsNotAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := pair(t, ocppj.V21)
		if err := b.conn.SendRaw("NotifyPeriodicEventStream", raw(`{}`)); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if got := a.noted(); got != "serve NotifyPeriodicEventStream" {
			t.Errorf("got %s", got)
		}
	})
}

func TestAfterTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := pair(t, ocppj.V201)
		b.serve = func(ctx context.Context, p *peer, f ocppj.Frame) (json.RawMessage, error) {
			if f.Action == "Boot" {
				p.conn.After(func() {
					if _, err := p.conn.CallRaw(ctx, "Trigger", raw(`{}`)); err != nil {
						t.Error(err)
					}
				})
			}
			return f.Payload, nil
		}
		if _, err := a.conn.CallRaw(t.Context(), "Boot", raw(`{}`)); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		got := b.noted()
		answer, trigger := strings.Index(got, `[3,"a1"`), strings.Index(got, `"Trigger"`)
		if answer < 0 || trigger < answer {
			t.Errorf("the answer did not come first:\n%s", got)
		}
	})
}

func TestFloodIsHeldBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, _ := pair(t, ocppj.V201)
		release := make(chan struct{})
		a.serve = func(_ context.Context, _ *peer, f ocppj.Frame) (json.RawMessage, error) {
			<-release
			return f.Payload, nil
		}
		taken := 0
		done := make(chan struct{})
		go func() {
			defer close(done)
			for i := range 40 {
				if a.conn.Receive(fmt.Appendf(nil, `[2,"%d","Echo",{}]`, i)) {
					go a.conn.Work(t.Context())
				}
				taken++
			}
		}()
		synctest.Wait()
		if taken >= 40 || taken < 16 {
			t.Errorf("%d requests were taken in while none was served", taken)
		}
		close(release)
		<-done
		synctest.Wait()
		if got := strings.Count(a.noted(), "write [3,"); got != 40 {
			t.Errorf("%d of 40 were answered", got)
		}
	})
}

func TestCloseEndsCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := pair(t, ocppj.V201)
		b.serve = func(ctx context.Context, _ *peer, f ocppj.Frame) (json.RawMessage, error) {
			time.Sleep(time.Hour)
			return f.Payload, nil
		}
		why := errors.New("replaced by a newer connection")
		results := make(chan error, 2)
		for range 2 {
			go func() {
				_, err := a.conn.CallRaw(t.Context(), "Echo", raw(`{}`))
				results <- err
			}()
		}
		synctest.Wait()
		a.conn.Close(why)
		a.conn.Close(nil)
		for range 2 {
			if err := <-results; !errors.Is(err, why) && !errors.Is(err, ocppj.ErrClosed) {
				t.Errorf("got %v", err)
			}
		}
		if _, err := a.conn.CallRaw(t.Context(), "Echo", raw(`{}`)); !errors.Is(err, ocppj.ErrClosed) {
			t.Errorf("a call after the end got %v", err)
		}
		if a.conn.Receive([]byte(`[2,"1","Echo",{}]`)) {
			t.Error("a request after the end is to be worked on")
		}
		time.Sleep(2 * time.Hour) // the other side's handlers end
	})
}

func TestFailedWriteEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, _ := pair(t, ocppj.V201)
		a.fail = errors.New("broken pipe")
		for range 2 {
			if _, err := a.conn.CallRaw(t.Context(), "Echo", raw(`{}`)); !errors.Is(err, ocppj.ErrClosed) {
				t.Errorf("got %v", err)
			}
		}
	})
}
