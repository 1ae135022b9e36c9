package api

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
	"gnista/payment"
)

const (
	hookBody = 256 << 10 // bytes of a message at the most
	hookRoom = 256       // messages that are being read at one time
	hookWait = 20 * time.Second
)

// hooks is where providers of payments tell what has happened. They are answered when that is on disk; nobody
// is told anything else than that it is.
func (s *Server) hooks(mux *http.ServeMux) {
	room := make(chan struct{}, hookRoom)
	h := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(s.hook(room, w, r))
	}
	mux.HandleFunc("POST /hooks/{provider}", h)
	mux.HandleFunc("POST /hooks/{provider}/{secret}", h)
	mux.HandleFunc("/hooks/", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) })
}

func (s *Server) hook(room chan struct{}, w http.ResponseWriter, r *http.Request) int {
	provider, from := r.PathValue("provider"), s.client(r)
	if s.rates.forged.spent(from, s.Now()) {
		return http.StatusTooManyRequests
	}
	if !s.Inbox.Knows(provider) {
		s.Inbox.Refuse()
		s.rates.forged.allow(from, s.Now())
		return http.StatusNotFound
	}
	ctx, cancel := context.WithTimeout(r.Context(), hookWait)
	defer cancel()
	select { // so that a flood does not fill the memory
	case room <- struct{}{}:
	case <-ctx.Done():
		return http.StatusServiceUnavailable
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, hookBody))
	<-room
	if err != nil {
		s.Inbox.Refuse()
		s.rates.forged.allow(from, s.Now())
		return http.StatusBadRequest
	}
	r.Header.Set(payment.HookSecret, r.PathValue("secret"))
	switch err = s.Inbox.Take(ctx, provider, r.Header, body); {
	case err == nil:
		return http.StatusOK
	case gnista.CodeOf(err) == gnista.Invalid:
		s.rates.forged.allow(from, s.Now())
		return http.StatusBadRequest
	}
	if r.Context().Err() == nil {
		s.Log.Error("what a provider of payments tells could not be taken in; it will tell it again", "provider", provider, "err", err)
	}
	return http.StatusServiceUnavailable
}

type hintView struct {
	Provider   string            `json:"provider"`
	ID         string            `json:"id" doc:"Of the message, as the provider calls it"`
	Ref        string            `json:"ref,omitempty" doc:"Of the payment, as the provider calls it"`
	State      payment.HintState `json:"state" enum:"waiting,done,passed,given-up" doc:"done: the payment was read; passed: no payment of ours is called so"`
	Payment    string            `json:"payment,omitempty" doc:"Id of the payment that was read"`
	Note       string            `json:"note,omitempty" doc:"Why it still waits, or was given up"`
	Attempt    int               `json:"attempt" doc:"How often it was tried"`
	ReceivedAt time.Time         `json:"receivedAt"`
	NextAt     *time.Time        `json:"nextAt,omitempty" doc:"When it is tried again"`
	DoneAt     *time.Time        `json:"doneAt,omitempty"`
}

func showHint(t payment.Told) hintView {
	v := hintView{t.Provider, t.ID, t.Ref, t.State, t.Payment, t.Note, t.Attempt, t.ReceivedAt, nil, moment(t.DoneAt)}
	if t.State == payment.HintWaiting {
		v.NextAt = moment(t.NextAt)
	}
	return v
}

type backlogView struct {
	Provider string    `json:"provider"`
	Waiting  int       `json:"waiting"`
	Oldest   time.Time `json:"oldest" doc:"When the oldest of them was received"`
	Age      int64     `json:"ageSeconds" doc:"Of the oldest"`
}

type hintPage struct {
	Items   []hintView    `json:"items" nullable:"false"`
	Next    string        `json:"next,omitempty" doc:"Cursor for the page after this; absent on the last"`
	Backlog []backlogView `json:"backlog" nullable:"false" doc:"What waits, for each provider"`
	Refused int64         `json:"refused" doc:"Messages since the start that could not be proven to come from a provider"`
}

func (s *Server) hints(api huma.API) {
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/payments/hints", OperationID: "list-payment-hints", Summary: "List what providers of payments told by themselves, the newest first", Tags: []string{"Payments"},
		Description: "For each the payment is read at the provider; the message itself changes nothing.",
	}, func(ctx context.Context, in *struct {
		Paging
		Provider string            `query:"provider" maxLength:"50"`
		State    payment.HintState `query:"state" enum:"waiting,done,passed,given-up"`
	}) (*body[hintPage], error) {
		f := payment.HintFilter{Provider: in.Provider, State: in.State, Limit: in.Limit}
		after, err := in.after()
		if err != nil {
			return nil, err
		}
		if after != "" {
			at, id, _ := strings.Cut(after, " ")
			ms, err := strconv.ParseInt(at, 10, 64)
			if err != nil {
				return nil, in.wrong()
			}
			f.Before, f.BeforeID = time.UnixMilli(ms).UTC(), id
		}
		list, err := s.Inbox.Store.Hints(ctx, f)
		if err != nil {
			return nil, err
		}
		waiting, err := s.Inbox.Store.Backlog(ctx)
		items := turn(in.Paging, list, showHint, func(t payment.Told) string { return strconv.FormatInt(t.ReceivedAt.UnixMilli(), 10) + " " + t.ID })
		out := hintPage{Items: items.Items, Next: items.Next, Backlog: make([]backlogView, len(waiting)), Refused: s.Inbox.Refused()}
		for i, b := range waiting {
			out.Backlog[i] = backlogView{b.Provider, b.Waiting, b.Oldest, int64(s.Now().Sub(b.Oldest) / time.Second)}
		}
		return answer(out, err)
	})
}
