package api

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
	"gnista/account"
	"gnista/account/member"
)

// myLetters are the mails to drivers.
type myLetters struct {
	base, seller string
	language     language
}

// Link is the mail with a link.
func (m myLetters) Link(l member.Link, secret string, isNew bool) member.Letter {
	key := string(l.Purpose)
	if isNew {
		key = "new"
	}
	return member.Letter{
		To: l.Email, Subject: m.language.fill("my-mail-"+key+"-subject", m.seller),
		Text: m.language.fill("my-mail-"+key, m.seller, m.base+withLanguage(myPath+"/link/"+secret, m.language.tag), int(member.LinkFor/time.Minute)) + "\n",
	}
}

// Moved tells a former address that mails go elsewhere now.
func (m myLetters) Moved(to, _ string) member.Letter {
	return member.Letter{To: to, Subject: m.language.fill("my-mail-moved-subject", m.seller), Text: m.language.fill("my-mail-moved", m.seller) + "\n"}
}

func (s *Server) letters(l string) member.Words {
	return myLetters{s.base(), s.Invoices.Seller.Name, languageOf(l)}
}

// tooOften is that somebody asks too often.
func tooOften() error { return huma.Error429TooManyRequests("that was too often; wait some minutes") }

func isTooOften(err error) bool {
	e, ok := errors.AsType[huma.StatusError](err)
	return ok && e.GetStatus() == http.StatusTooManyRequests
}

// askLink has a link to sign in by sent to an address, and returns its path where links are shown.
func (s *Server) askLink(r *http.Request, email, language, to string) (string, error) {
	email, err := member.CheckEmail(email)
	if err != nil {
		return "", err
	}
	if !s.Members.Open() {
		return "", gnista.Errorf(gnista.Unsupported, "no mail is set up here, so nobody can be sent a link")
	}
	if !s.rates.asks.allow(s.client(r), s.Now()) || !s.rates.links.allow(email, s.Now()) {
		return "", tooOften()
	}
	if !s.Members.Shown {
		return "", s.Members.AskLater(email, language, homeward(to), s.letters(language))
	}
	secret, err := s.Members.Ask(r.Context(), email, language, homeward(to), s.letters(language))
	if secret == "" {
		return "", err
	}
	return withLanguage(myPath+"/link/"+secret, language), err
}

// lookLink tells what a link is for. Who tries many that are none has to wait. NotFound.
func (s *Server) lookLink(r *http.Request, secret string) (member.Offered, error) {
	from := s.client(r)
	if s.rates.guesses.spent(from, s.Now()) {
		return member.Offered{}, tooOften()
	}
	o, err := s.Members.Look(r.Context(), secret)
	if err != nil && gnista.CodeOf(err) == gnista.NotFound {
		s.rates.guesses.allow(from, s.Now())
	}
	return o, err
}

// enter uses a link up, and returns the cookie of the session that begins. That of whoever was there before ends.
func (s *Server) enter(r *http.Request, secret string, e member.Entry) (*http.Cookie, account.Customer, member.Link, error) {
	if _, err := s.lookLink(r, secret); err != nil {
		return nil, account.Customer{}, member.Link{}, err
	}
	e.Agent = strings.ToValidUTF8(r.UserAgent(), "")
	made, c, l, err := s.Members.Enter(r.Context(), secret, e, s.letters(langOr(r, "")))
	if err != nil {
		return nil, c, l, err
	}
	s.leave(r)
	return s.cookie(r, mySuffix, made, s.Now().Add(member.SessionFor)), c, l, nil
}

// leave ends the session of a browser, if it has one.
func (s *Server) leave(r *http.Request) {
	d, ok, err := s.driverIn(r)
	if ok {
		err = s.Members.Store.EndDriverSession(r.Context(), d.ID, d.session.ID)
	}
	if err != nil && gnista.CodeOf(err) != gnista.NotFound {
		s.Log.Error("a driver's session could not be ended", "err", err)
	}
}

func requestOf(ctx context.Context) *http.Request {
	r, _ := ctx.Value(requestKey{}).(*http.Request)
	return r
}

var myTags = []string{"Drivers' own"}

type cookied[T any] struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
	Body      T
}

func (s *Server) mySignIn(api huma.API) {
	type myAsk struct {
		Email    string `json:"email" minLength:"3" maxLength:"100"`
		Language string `json:"language,omitempty" enum:"sv,en" default:"sv" doc:"Of the mail"`
		To       string `json:"to,omitempty" maxLength:"500" doc:"Path that the link leads to afterwards: of a page of drivers"`
	}
	type myAsked struct {
		Minutes int    `json:"minutes" doc:"That the link lives"`
		Link    string `json:"testLink,omitempty" doc:"The path of the link. In test mode only"`
	}
	add(s, api, huma.Operation{
		Method: http.MethodPost, Path: "/my/sign-in", OperationID: "my-sign-in", Summary: "Have a link to sign in by sent to a driver", Tags: myTags, DefaultStatus: http.StatusAccepted,
		Description: "The answer is the same whether the address is known or not. Where drivers may sign up, a link is sent to any address.",
	}, func(ctx context.Context, in *struct{ Body myAsk }) (*body[myAsked], error) {
		link, err := s.askLink(requestOf(ctx), in.Body.Email, in.Body.Language, in.Body.To)
		return answer(myAsked{int(member.LinkFor / time.Minute), link}, err)
	})
	type myPerson struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	}
	type myOffering struct {
		Purpose   member.Purpose `json:"purpose" enum:"sign-in,email"`
		Email     string         `json:"email"`
		Customers []myPerson     `json:"customers" nullable:"false" doc:"As one of whom to sign in; none: somebody new, who has to give a name"`
	}
	type myLink struct {
		Link string `json:"link" minLength:"1" maxLength:"100" doc:"The last part of the path of the link"`
	}
	add(s, api, huma.Operation{
		Method: http.MethodPost, Path: "/my/link", OperationID: "my-link", Summary: "Tell what a link is for", Tags: myTags, Description: "It is not used up by that.",
	}, func(ctx context.Context, in *struct{ Body myLink }) (*body[myOffering], error) {
		o, err := s.lookLink(requestOf(ctx), in.Body.Link)
		v := myOffering{Purpose: o.Purpose, Email: o.Email, Customers: []myPerson{}}
		for _, c := range o.Customers {
			v.Customers = append(v.Customers, myPerson{c.ID, c.Name})
		}
		return answer(v, err)
	})
	type myLinkUse struct {
		Link     string `json:"link" minLength:"1" maxLength:"100"`
		Customer string `json:"customer,omitempty" maxLength:"100" doc:"Needed where there are several"`
		Name     string `json:"name,omitempty" maxLength:"100" doc:"Of somebody new"`
	}
	type myEntered struct {
		Customer string `json:"customer" doc:"Id of the customer"`
		To       string `json:"to" doc:"Path that the link leads to"`
	}
	add(s, api, huma.Operation{
		Method: http.MethodPost, Path: "/my/link/use", OperationID: "my-link-use", Summary: "Use a link up, and begin a session", Tags: myTags, DefaultStatus: http.StatusCreated,
		Description: "The session is in the cookie that is set. A link that was used is none any more, and neither are others to that address.",
	}, func(ctx context.Context, in *struct{ Body myLinkUse }) (*cookied[myEntered], error) {
		b := in.Body
		c, who, l, err := s.enter(requestOf(ctx), b.Link, member.Entry{Customer: b.Customer, Name: b.Name})
		if err != nil {
			return nil, err
		}
		return &cookied[myEntered]{*c, myEntered{who.ID, homeward(l.To)}}, nil
	})
	add(s, api, huma.Operation{
		Method: http.MethodPost, Path: "/my/sign-out", OperationID: "my-sign-out", Summary: "End this session", Tags: myTags, DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, _ *struct{}) (*struct{}, error) {
		d := driverOf(ctx)
		return nil, s.Members.Store.EndDriverSession(ctx, d.ID, d.session.ID)
	})
	type mySession struct {
		ID        string    `json:"id"`
		CreatedAt time.Time `json:"createdAt"`
		SeenAt    time.Time `json:"seenAt"`
		Agent     string    `json:"agent,omitempty" doc:"What the browser says of itself"`
		This      bool      `json:"this,omitempty" doc:"It is the one that asks"`
	}
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/my/sessions", OperationID: "my-sessions", Summary: "List one's sessions, the newest first", Tags: myTags},
		func(ctx context.Context, _ *struct{}) (*body[page[mySession]], error) {
			d := driverOf(ctx)
			list, err := s.Members.Store.DriverSessions(ctx, d.ID)
			out := page[mySession]{Items: make([]mySession, len(list))}
			for i, x := range list {
				out.Items[i] = mySession{x.ID, x.CreatedAt, x.SeenAt, x.Agent, x.ID == d.session.ID}
			}
			return answer(out, err)
		})
	add(s, api, huma.Operation{Method: http.MethodDelete, Path: "/my/sessions/{id}", OperationID: "my-session-end", Summary: "End one of one's sessions", Tags: myTags, DefaultStatus: http.StatusNoContent},
		func(ctx context.Context, in *struct {
			ID string `path:"id"`
		}) (*struct{}, error) {
			return nil, s.Members.Store.EndDriverSession(ctx, driverOf(ctx).ID, in.ID)
		})
	add(s, api, huma.Operation{Method: http.MethodDelete, Path: "/my/sessions", OperationID: "my-sessions-end", Summary: "Sign out everywhere", Tags: myTags, DefaultStatus: http.StatusNoContent},
		func(ctx context.Context, _ *struct{}) (*struct{}, error) {
			return nil, s.Members.Store.EndDriverSessions(ctx, driverOf(ctx).ID, "")
		})
}
