package ocppj

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Owner is what a [Conn] needs of the one who has it. Its methods are called without a lock of
// the Conn held.
type Owner interface {
	// Serve answers a CALL or takes in a SEND; one at a time per Conn. An error that is not an
	// *[Error] is answered as InternalError and nothing of its text is sent.
	Serve(ctx context.Context, f Frame) (json.RawMessage, error)
	// Write sends one text to the peer; one at a time per Conn. An error ends the Conn.
	Write(text []byte) error
	// Stray is told of what came in and fits nothing: a text that is no frame (a *[FrameError] says
	// why), an answer that nobody waits for, an error about one of our own answers.
	Stray(f Frame, err error)
	// Ended is told when the Conn ends by itself, and why: [ErrSlow]. The socket is the Owner's to close.
	Ended(err error)
	// NewID makes a message id that no CALL to this peer has had.
	NewID() string
}

// Judging is an [Owner] that wants to know what is wrong with answers that are taken all the same.
type Judging interface {
	Judged(action string, found []Violation)
}

// Timing is an [Owner] that wants to know what became of its CALLs: err is nil or what CallRaw says, and took how long the
// peer took once its turn had come.
type Timing interface {
	Answered(ctx context.Context, action string, err error, took time.Duration)
}

// How much may wait on one Conn before its peer is made to wait, or is given up.
const (
	maxInbox  = 16
	maxOutbox = 64
)

// Why a Conn or a CALL ends.
var (
	ErrClosed     = errors.New("the connection is closed")
	ErrSlow       = errors.New("the peer does not read what it is sent")
	ErrNoTurn     = errors.New("the CALL was given up before its turn, and not sent")
	ErrUnanswered = errors.New("the peer did not answer in time")
)

// errStray says why an answer was not delivered.
var errStray = errors.New("an answer to no open CALL")

// Conn takes turns with one peer. It owns no goroutine and no buffer: whoever reads the socket
// calls Receive, and Work when told to. Idle, it is one small struct. Its zero value with Version
// and Owner set is ready; it must not be copied.
type Conn struct {
	Version Version
	Owner   Owner
	// Timeout is how long the peer may take to answer a CALL. That stays in flight meanwhile, even if
	// who made it gives up: the peer is still busy with it. 0 is as long as the caller waits.
	Timeout time.Duration

	mu      sync.Mutex
	closed  bool
	working bool          // somebody is in Work
	writing bool          // somebody is in flush
	inbox   []Frame       // CALLs and SENDs to be served
	room    chan struct{} // closed when the inbox has room again; nil when nobody waits
	outbox  []message
	pending *pending        // our CALL in flight
	turns   []chan struct{} // who waits to be in flight
	after   []func()        // to be done when the answer being made is sent
}

type message struct {
	text []byte
	sent []func()
}

type pending struct {
	id     string
	answer chan answer
}

type answer struct {
	payload json.RawMessage
	err     error
}

// Receive takes in one text. When it returns true the caller must see to it that Work is called.
// It waits while the peer has sent more requests than are served: the reader then stops reading.
func (c *Conn) Receive(text []byte) (work bool) {
	f, err := Parse(text)
	if err == nil && f.Type >= CALLRESULTERROR && c.Version < V21 {
		err = &FrameError{ID: f.ID, Code: MessageTypeNotSupported, Reason: fmt.Sprintf("message type %d", f.Type)}
	}
	if err != nil {
		c.unreadable(f, err)
		return false
	}
	switch f.Type {
	case CALL, SEND:
		return c.enqueue(f)
	case CALLRESULT:
		if !c.deliver(f.ID, answer{payload: f.Payload}) {
			c.Owner.Stray(f, errStray)
		}
	case CALLERROR:
		if !c.deliver(f.ID, answer{err: &Error{Code: ParseCode(f.Code), Description: f.Description, Details: f.Details}}) {
			c.Owner.Stray(f, errStray)
		}
	case CALLRESULTERROR:
		c.Owner.Stray(f, &Error{Code: ParseCode(f.Code), Description: f.Description, Details: f.Details})
	}
	return false
}

// unreadable takes in a text that is no frame. A broken answer ends its CALL, as there will be no
// other (quirk Q18).
func (c *Conn) unreadable(f Frame, err error) {
	c.Owner.Stray(f, err)
	if e, ok := errors.AsType[*FrameError](err); ok && (f.Type == CALLRESULT || f.Type == CALLERROR) {
		broken := Errorf(e.Code, "the answer cannot be read: %s", e.Reason)
		if c.deliver(f.ID, answer{err: broken}) {
			if f.Type == CALLRESULT && c.Version >= V21 {
				c.send(c.errorFrame(CALLRESULTERROR, f.ID, broken), nil)
			}
			return
		}
	}
	c.answerUnreadable(err)
}

// answerUnreadable tells the peer that a text of its was no frame, unless that was an answer:
// answering those could go on for ever.
func (c *Conn) answerUnreadable(err error) {
	e, ok := errors.AsType[*FrameError](err)
	if !ok || e.Type == CALLRESULT || e.Type == CALLERROR || e.Type == CALLRESULTERROR || e.Type == SEND {
		return
	}
	if e.Code == MessageTypeNotSupported && c.Version == V16 {
		return // OCPP 1.6-J §4.1.3: ignored
	}
	c.send(Frame{Type: CALLERROR, ID: e.ID, Code: e.Code.Spell(c.Version), Description: e.Reason}, nil)
}

func (c *Conn) enqueue(f Frame) (work bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.inbox) >= maxInbox && !c.closed {
		if c.room == nil {
			c.room = make(chan struct{})
		}
		room := c.room
		c.mu.Unlock()
		<-room
		c.mu.Lock()
	}
	if c.closed {
		return false
	}
	c.inbox = append(c.inbox, f)
	if c.working {
		return false
	}
	c.working = true
	return true
}

// Work serves the requests that Receive took in, until there are none.
func (c *Conn) Work(ctx context.Context) {
	for {
		f, ok := c.dequeue()
		if !ok {
			return
		}
		payload, err := c.Owner.Serve(ctx, f)
		after := c.takeAfter()
		if f.Type == SEND { // OCPP 2.1 Part 4 §4.2: never answered
			run(after)
			continue
		}
		reply := Frame{Type: CALLRESULT, ID: f.ID, Payload: payload}
		if err != nil {
			reply = c.errorFrame(CALLERROR, f.ID, err)
		}
		c.send(reply, after)
	}
}

func (c *Conn) dequeue() (Frame, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || len(c.inbox) == 0 {
		c.working, c.inbox = false, nil
		return Frame{}, false
	}
	f := c.inbox[0]
	c.inbox = c.inbox[1:]
	c.freeRoom()
	return f, true
}

func (c *Conn) freeRoom() {
	if c.room != nil {
		close(c.room)
		c.room = nil
	}
}

func (c *Conn) errorFrame(t Type, id string, err error) Frame {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		e = &Error{Code: InternalError, Description: "the request could not be processed"}
	}
	return Frame{Type: t, ID: id, Code: e.Code.Spell(c.Version), Description: e.Description, Details: e.Details}
}

// After has f called, in a goroutine of its own, when the answer to the request that is being
// served has been sent. It is for handlers.
func (c *Conn) After(f func()) {
	c.mu.Lock()
	c.after = append(c.after, f)
	c.mu.Unlock()
}

func (c *Conn) takeAfter() []func() {
	c.mu.Lock()
	defer c.mu.Unlock()
	after := c.after
	c.after = nil
	return after
}

func run(list []func()) {
	for _, f := range list {
		go f()
	}
}

// send queues a frame; whoever finds nobody writing writes until the queue is empty. So no lock
// is held while the socket is written to, and frames leave in the order in which they were queued.
func (c *Conn) send(f Frame, sent []func()) error {
	text := f.Append(make([]byte, 0, len(f.Payload)+len(f.ID)+len(f.Action)+len(f.Description)+64))
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return ErrClosed
	}
	if len(c.outbox) >= maxOutbox {
		c.mu.Unlock()
		c.Close(ErrSlow)
		c.Owner.Ended(ErrSlow)
		return ErrSlow
	}
	c.outbox = append(c.outbox, message{text, sent})
	if c.writing {
		c.mu.Unlock()
		return nil
	}
	c.writing = true
	c.mu.Unlock()
	return c.flush()
}

func (c *Conn) flush() error {
	for {
		c.mu.Lock()
		if c.closed || len(c.outbox) == 0 {
			c.writing, c.outbox = false, nil
			c.mu.Unlock()
			return nil
		}
		m := c.outbox[0]
		c.outbox = c.outbox[1:]
		c.mu.Unlock()
		if err := c.Owner.Write(m.text); err != nil {
			err = fmt.Errorf("%w: %w", ErrClosed, err)
			c.Close(err)
			return err
		}
		run(m.sent)
	}
}

// deliver hands an answer to the CALL in flight, if it is that one's. An id that
// could not be read is nobody's.
func (c *Conn) deliver(id string, a answer) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.pending
	if p == nil || id == "" || p.id != id {
		return false
	}
	c.pending = nil
	p.answer <- a // has room for the one answer
	return true
}

// CallRaw sends a CALL and waits for its answer. At most one CALL is in flight (OCPP 1.6-J §4.1.1,
// OCPP 2.x Part 4 §4.1.1), so it waits for its turn before: for ctx at the most, whose end is an
// [ErrNoTurn]. For the answer it waits for Timeout, whose end is an [ErrUnanswered], or for ctx where
// there is none. An answer that is an error is returned as an *[Error].
func (c *Conn) CallRaw(ctx context.Context, action string, payload json.RawMessage) (json.RawMessage, error) {
	id := c.Owner.NewID()
	data, err := c.call(ctx, id, action, payload)
	if err == nil && !json.Valid(data) {
		err = c.refuseAnswer(id, Errorf(FormatViolation, "the answer is not valid JSON"))
	}
	return data, err
}

// refuseAnswer tells the peer that its answer cannot be understood, where the version has a way to.
func (c *Conn) refuseAnswer(id string, bad *Error) error {
	if c.Version >= V21 {
		c.send(c.errorFrame(CALLRESULTERROR, id, bad), nil)
	}
	return bad
}

type beforeKey struct{}

// Before is a ctx whose CALLs ask, when their turn has come, whether they may still be sent: to wait for it can take long.
// An error of ask is that of the CALL, which is not sent then.
func Before(ctx context.Context, ask func(context.Context) error) context.Context {
	return context.WithValue(ctx, beforeKey{}, ask)
}

func (c *Conn) call(ctx context.Context, id, action string, payload json.RawMessage) (data json.RawMessage, err error) {
	began, asked := time.Now(), ctx
	if t, ok := c.Owner.(Timing); ok {
		defer func() { t.Answered(asked, action, err, time.Since(began)) }()
	}
	p := &pending{id: id, answer: make(chan answer, 1)}
	if err := c.takeTurn(ctx, p); err != nil {
		return nil, err
	}
	defer c.passTurn(p)
	began = time.Now()
	if ask, asks := ctx.Value(beforeKey{}).(func(context.Context) error); asks {
		err := ask(ctx)
		if ctx.Err() != nil {
			return nil, noTurn(ctx)
		}
		if err != nil {
			return nil, err
		}
	}
	if err := c.send(Frame{Type: CALL, ID: p.id, Action: action, Payload: payload}, nil); err != nil {
		return nil, err
	}
	if c.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(context.WithoutCancel(ctx), c.Timeout, ErrUnanswered)
		defer cancel()
	}
	select {
	case a := <-p.answer:
		return a.payload, a.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// takeTurn waits until no CALL is in flight and puts p in flight.
func (c *Conn) takeTurn(ctx context.Context, p *pending) error {
	c.mu.Lock()
	if !c.closed && (c.pending != nil || len(c.turns) > 0) {
		turn := make(chan struct{})
		c.turns = append(c.turns, turn)
		c.mu.Unlock()
		select {
		case <-turn:
		case <-ctx.Done():
			c.giveUpTurn(turn)
			return noTurn(ctx)
		}
		c.mu.Lock()
	}
	defer c.mu.Unlock()
	if c.closed {
		return ErrClosed
	}
	if ctx.Err() != nil { // the turn and the end of ctx may have come together
		c.nextTurn()
		return noTurn(ctx)
	}
	c.pending = p
	return nil
}

func noTurn(ctx context.Context) error { return fmt.Errorf("%w: %w", ErrNoTurn, context.Cause(ctx)) }

// giveUpTurn takes turn out of the row; if it has just been given, it is passed on.
func (c *Conn) giveUpTurn(turn chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, t := range c.turns {
		if t == turn {
			c.turns = append(c.turns[:i], c.turns[i+1:]...)
			return
		}
	}
	c.nextTurn()
}

// passTurn ends the turn of p. Until the next one has taken over, pending stays set.
func (c *Conn) passTurn(p *pending) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pending == nil || c.pending == p {
		c.nextTurn()
	}
}

func (c *Conn) nextTurn() {
	c.pending = nil
	if len(c.turns) > 0 {
		c.pending = &pending{} // taken: its id is no answer's
		close(c.turns[0])
		c.turns = c.turns[1:]
	}
	if len(c.turns) == 0 {
		c.turns = nil
	}
}

// Waiting is how many CALLs are not answered yet, with those that wait for their turn.
func (c *Conn) Waiting() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := len(c.turns)
	if c.pending != nil {
		n++
	}
	return n
}

// SendRaw sends a SEND (OCPP 2.1), which is never answered.
func (c *Conn) SendRaw(action string, payload json.RawMessage) error {
	return c.send(Frame{Type: SEND, ID: c.Owner.NewID(), Action: action, Payload: payload}, nil)
}

// Close ends the Conn: nothing more is served or sent, and every CALL returns err. It does not
// close the socket. Closing again does nothing.
func (c *Conn) Close(err error) {
	if err == nil {
		err = ErrClosed
	}
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return
	}
	c.closed = true
	p, turns := c.pending, c.turns
	c.pending, c.turns, c.outbox, c.after = nil, nil, nil, nil
	c.freeRoom()
	c.mu.Unlock()
	if p != nil && p.answer != nil {
		p.answer <- answer{err: err}
	}
	for _, t := range turns {
		close(t)
	}
}

// UnsentError is a request of our own that the version does not allow, and that was not sent.
type UnsentError struct {
	Action string
	Violation
}

func (e *UnsentError) Error() string { return e.Action + ": " + e.Violation.String() }

// Call sends the request of action a and returns its answer. An answer that does not hold what it
// must is an *[Error], and in OCPP 2.1 the peer is told so with a CALLRESULTERROR.
func Call[Req, Resp any](ctx context.Context, c *Conn, a Action[Req, Resp], req Req) (Resp, error) {
	var resp Resp
	if own := Judge(any(&req).(Checked), c.Version); len(own) > 0 {
		return resp, &UnsentError{Action: a.Name, Violation: own[0]}
	}
	payload, err := Marshal(req)
	if err != nil {
		return resp, err
	}
	id := c.Owner.NewID()
	data, err := c.call(ctx, id, a.Name, payload)
	if err != nil {
		return resp, err
	}
	found, bad := Decode(data, any(&resp).(Checked), c.Version, Tolerant)
	if w := worst(found); bad == nil && w != nil && w.Code == TypeConstraintViolation {
		bad = &Error{Code: w.Code, Description: w.String()}
	}
	if j, ok := c.Owner.(Judging); ok && len(found) > 0 {
		j.Judged(a.Name, found)
	}
	if bad != nil {
		return resp, fmt.Errorf("the answer to %s cannot be understood: %w", a.Name, c.refuseAnswer(id, bad))
	}
	return resp, nil
}
