package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gnista/access"
)

type userView struct {
	ID          string         `json:"id"`
	Email       string         `json:"email" doc:"By which they sign in"`
	Name        string         `json:"name"`
	Language    string         `json:"language,omitempty" enum:"sv,en" doc:"Absent: that of the browser"`
	Grants      []access.Grant `json:"grants" nullable:"false" doc:"Roles, and where they hold"`
	Disabled    bool           `json:"disabled,omitempty" doc:"May not sign in, and has no rights"`
	HasPassword bool           `json:"hasPassword"`
	CreatedAt   time.Time      `json:"createdAt"`
	UpdatedAt   time.Time      `json:"updatedAt"`
	SeenAt      *time.Time     `json:"seenAt,omitempty" doc:"When they last signed in"`
}

func showUser(u access.User) userView {
	v := userView{u.ID, u.Email, u.Name, u.Language, u.Grants, u.Disabled, u.Password != "", u.CreatedAt, u.UpdatedAt, moment(u.SeenAt)}
	if v.Grants == nil {
		v.Grants = []access.Grant{}
	}
	return v
}

type sessionView struct {
	ID        string    `json:"id"`
	CreatedAt time.Time `json:"createdAt"`
	SeenAt    time.Time `json:"seenAt"`
	Remote    string    `json:"remote" doc:"Address that it was last used from"`
	Agent     string    `json:"agent" doc:"What the browser says of itself"`
	Way       string    `json:"way" enum:"password,passkey,oidc" doc:"How they proved who they are"`
	Current   bool      `json:"current,omitempty" doc:"It is that of the request"`
}

// meRight is the most that somebody may do in an area.
type meRight struct {
	Area  access.Area `json:"area"`
	Verb  access.Verb `json:"verb" enum:"see,act,change" doc:"Who may change may act, and who may act may see"`
	Sites []string    `json:"sites,omitempty" doc:"Where; absent is everywhere"`
}

func rightsOf(a access.Actor) []meRight {
	list := []meRight{}
	for _, area := range access.Areas {
		for _, v := range []access.Verb{access.Change, access.Act, access.See} {
			if sites, all := a.Sites(v, area); all || len(sites) > 0 {
				list = append(list, meRight{area, v, sites})
				break
			}
		}
	}
	return list
}

type meView struct {
	User   *userView      `json:"user,omitempty" doc:"Absent for the admin token, and for this machine where there are no users"`
	Name   string         `json:"name"`
	Grants []access.Grant `json:"grants" nullable:"false"`
	Rights []meRight      `json:"rights" nullable:"false" doc:"What they may do, area by area; areas of which they may do nothing are absent"`
}

type newUser struct {
	Email    string         `json:"email" maxLength:"254" example:"astrid@example.com"`
	Name     string         `json:"name" minLength:"1" maxLength:"100"`
	Language string         `json:"language,omitempty" enum:"sv,en"`
	Grants   []access.Grant `json:"grants" minItems:"1" maxItems:"5"`
	Password string         `json:"password,omitempty" maxLength:"200" doc:"12 characters or more; absent: they cannot sign in until there is one"`
}

type userChange struct {
	Email    *string         `json:"email,omitempty" maxLength:"254"`
	Name     *string         `json:"name,omitempty" minLength:"1" maxLength:"100"`
	Language *string         `json:"language,omitempty" maxLength:"2" doc:"sv, en, or empty for that of the browser"`
	Grants   *[]access.Grant `json:"grants,omitempty" minItems:"1" maxItems:"5"`
	Disabled *bool           `json:"disabled,omitempty"`
	Password *string         `json:"password,omitempty" maxLength:"200" doc:"A new one, which ends the user's sessions"`
}

func (s *Server) users(api huma.API) {
	tags := []string{"Users"}
	type Path struct {
		ID string `path:"id"`
	}
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/users", OperationID: "list-users", Summary: "List who may sign in", Tags: tags},
		func(ctx context.Context, in *struct{ Paging }) (*body[page[userView]], error) {
			after, err := in.after()
			if err != nil {
				return nil, err
			}
			list, err := s.People.Store.Users(ctx, after, in.Limit)
			return answer(turn(in.Paging, list, showUser, func(u access.User) string { return u.ID }), err)
		})
	add(s, api, huma.Operation{
		Method: http.MethodPost, Path: "/users", OperationID: "create-user", Summary: "Let somebody sign in", Tags: tags, DefaultStatus: http.StatusCreated,
		Description: "The first user becomes an administrator. From then on everybody signs in or sends the admin token, this machine as well.",
	}, func(ctx context.Context, in *struct{ Body newUser }) (*body[userView], error) {
		b := in.Body
		u := access.User{Email: b.Email, Name: b.Name, Language: b.Language, Grants: b.Grants}
		any, err := s.hasUsers(ctx)
		if err != nil {
			return nil, err
		}
		if any {
			u, err = s.People.Create(ctx, u, b.Password)
		} else {
			u, err = s.People.CreateFirst(ctx, u, b.Password)
		}
		return answer(showUser(u), err)
	})
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/users/{id}", OperationID: "get-user", Summary: "Show a user", Tags: tags},
		func(ctx context.Context, in *Path) (*body[userView], error) {
			u, err := s.People.Store.User(ctx, in.ID)
			return answer(showUser(u), err)
		})
	add(s, api, huma.Operation{
		Method: http.MethodPatch, Path: "/users/{id}", OperationID: "change-user", Summary: "Change a user", Tags: tags,
		Description: "What is taken away holds at once. An administrator is always left.",
	}, func(ctx context.Context, in *struct {
		Path
		Body userChange
	}) (*body[userView], error) {
		b := in.Body
		if b.Password != nil {
			if err := s.People.SetPassword(ctx, in.ID, *b.Password, ""); err != nil {
				return nil, err
			}
		}
		u, err := s.People.Edit(ctx, in.ID, func(u *access.User) {
			for _, x := range []struct{ to, from *string }{{&u.Email, b.Email}, {&u.Name, b.Name}, {&u.Language, b.Language}} {
				if x.from != nil {
					*x.to = *x.from
				}
			}
			if b.Grants != nil {
				u.Grants = *b.Grants
			}
			if b.Disabled != nil {
				u.Disabled = *b.Disabled
			}
		})
		return answer(showUser(u), err)
	})
	add(s, api, huma.Operation{Method: http.MethodDelete, Path: "/users/{id}", OperationID: "delete-user", Summary: "Remove a user, whose sessions end", Tags: tags},
		func(ctx context.Context, in *Path) (*struct{}, error) { return nil, s.People.Delete(ctx, in.ID) })

	type roleView struct {
		Role   access.Role `json:"role" enum:"viewer,operator,technician,finance,admin"`
		Rights []meRight   `json:"rights" nullable:"false" doc:"What it may do, area by area; areas of which it may do nothing are absent"`
	}
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/roles", OperationID: "list-roles", Summary: "List the roles that users can have, and what each may do", Tags: tags},
		func(context.Context, *struct{}) (*body[page[roleView]], error) {
			show := func(r access.Role) roleView {
				return roleView{r, rightsOf(access.Actor{Grants: []access.Grant{{Role: r}}})}
			}
			return answer(turn(Paging{Limit: -1}, access.Roles, show, nil), nil)
		})
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/me", OperationID: "get-me", Summary: "Show who asks, and what they may do", Tags: tags},
		func(ctx context.Context, _ *struct{}) (*body[meView], error) {
			a := actorOf(ctx)
			v := meView{Name: a.Name, Grants: a.Grants, Rights: rightsOf(a)}
			if v.Grants == nil {
				v.Grants = []access.Grant{}
			}
			if a.ID == "" {
				return answer(v, nil)
			}
			u, err := s.People.Store.User(ctx, a.ID)
			shown := showUser(u)
			v.User = &shown
			return answer(v, err)
		})
	type meChange struct {
		Name     *string `json:"name,omitempty" minLength:"1" maxLength:"100"`
		Language *string `json:"language,omitempty" maxLength:"2" doc:"sv, en, or empty for that of the browser"`
	}
	add(s, api, huma.Operation{Method: http.MethodPatch, Path: "/me", OperationID: "change-me", Summary: "Change one's own name or language", Tags: tags},
		func(ctx context.Context, in *struct{ Body meChange }) (*body[userView], error) {
			u, err := s.People.Edit(ctx, actorOf(ctx).ID, func(u *access.User) {
				set(&u.Name, in.Body.Name)
				set(&u.Language, in.Body.Language)
			})
			return answer(showUser(u), err)
		})
	type passwords struct {
		Old string `json:"old" maxLength:"200"`
		New string `json:"new" maxLength:"200" doc:"12 characters or more"`
	}
	add(s, api, huma.Operation{
		Method: http.MethodPost, Path: "/me/password", OperationID: "change-my-password", Summary: "Change one's own password, which ends one's other sessions", Tags: tags,
	}, func(ctx context.Context, in *struct{ Body passwords }) (*struct{}, error) {
		return nil, s.People.ChangePassword(ctx, actorOf(ctx).ID, in.Body.Old, in.Body.New, sessionOf(ctx))
	})
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/me/sessions", OperationID: "list-my-sessions", Summary: "List the browsers in which one has signed in", Tags: tags},
		func(ctx context.Context, _ *struct{}) (*body[page[sessionView]], error) {
			list, err := s.People.Sessions.Sessions(ctx, actorOf(ctx).ID)
			show := func(x access.Session) sessionView {
				return sessionView{x.ID, x.CreatedAt, x.SeenAt, x.Remote, x.Agent, x.Way, x.ID == sessionOf(ctx)}
			}
			return answer(turn(Paging{Limit: -1}, list, show, nil), err)
		})
	add(s, api, huma.Operation{Method: http.MethodDelete, Path: "/me/sessions/{id}", OperationID: "end-my-session", Summary: "Sign out in another browser", Tags: tags},
		func(ctx context.Context, in *Path) (*struct{}, error) {
			return nil, s.People.Sessions.EndSession(ctx, actorOf(ctx).ID, in.ID)
		})
}
