package api

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gnista/token"
)

type listView struct {
	Enabled   bool            `json:"enabled" doc:"Whether a list is kept in the station"`
	Groups    []string        `json:"groups,omitempty" doc:"Only tokens of these groups and of tokens are on it; without either all that may charge offline"`
	Tokens    []string        `json:"tokens,omitempty"`
	State     token.ListState `json:"state" enum:"off,outdated,in-sync,failed,unsupported" doc:"outdated: it will be sent as soon as the station is connected; failed: it is tried again; unsupported: the station cannot have a list"`
	Detail    string          `json:"detail,omitempty" doc:"Why it failed"`
	Version   int             `json:"version,omitempty" doc:"Of the list that the station was sent; absent while it is not known what it has"`
	Says      int             `json:"says" doc:"The version that the station last said it has; 0 is none, -1 that it can have none"`
	Entries   int             `json:"entries" doc:"In the list that the station was sent"`
	Missing   int             `json:"missing,omitempty" doc:"Tokens that the station has no place for"`
	LeftOut   []leftOutView   `json:"leftOut,omitempty" doc:"The first of them, and why"`
	CheckedAt *time.Time      `json:"checkedAt,omitempty" doc:"When the station last said its version"`
	SyncedAt  *time.Time      `json:"syncedAt,omitempty" doc:"When it was last found to have the right list"`
	NextAt    *time.Time      `json:"nextAt,omitempty" doc:"When it is looked at again, though nothing has changed"`
}

type leftOutView struct {
	UID    string     `json:"uid"`
	Type   token.Type `json:"type,omitempty"`
	Reason string     `json:"reason"`
}

func showList(l token.LocalList) listView {
	v := listView{
		Enabled: l.Enabled, Groups: l.Selection.Groups, Tokens: l.Selection.Tokens, State: l.State, Detail: l.Detail, Version: l.Version, Says: l.Says, Entries: l.Entries,
		Missing: l.Missing, CheckedAt: moment(l.CheckedAt), SyncedAt: moment(l.SyncedAt),
	}
	if l.State == token.ListInSync || l.State == token.ListFailed {
		v.NextAt = moment(l.DueAt)
	}
	for _, o := range l.LeftOut {
		v.LeftOut = append(v.LeftOut, leftOutView{o.ID.UID, o.ID.Type, o.Reason})
	}
	return v
}

type entryView struct {
	UID       string       `json:"uid" doc:"As the station was sent it"`
	Type      token.Type   `json:"type,omitempty" doc:"Absent where the station's version does not tell types apart"`
	Status    token.Status `json:"status" enum:"accepted,blocked,expired"`
	Group     string       `json:"group,omitempty"`
	ExpiresAt *time.Time   `json:"expiresAt,omitempty"`
}

type syncedView struct {
	Way      string   `json:"way,omitempty" enum:"full,differential,none" doc:"What was sent; none: the station had it already"`
	Messages int      `json:"messages"`
	Set      int      `json:"set" doc:"Entries that were sent"`
	Removed  int      `json:"removed" doc:"Entries that were taken away"`
	List     listView `json:"list"`
}

type groupView struct {
	Name      string     `json:"name"`
	Offline   bool       `json:"offline" doc:"Its tokens may charge where a station cannot ask us"`
	Tariff    string     `json:"tariff,omitempty" doc:"Id of the tariff of its transactions"`
	UpdatedAt *time.Time `json:"updatedAt,omitempty"`
}

func showGroup(g token.Group) groupView {
	return groupView{g.Name, g.Offline, g.Tariff, moment(g.UpdatedAt)}
}

func (s *Server) localLists(api huma.API) {
	tags := []string{"Tokens"}
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/stations/{station}/local-list", OperationID: "get-local-list", Summary: "Show how a station's local list is", Tags: tags,
		Description: "The tokens that a station lets charge, or does not, when it cannot ask: those that may charge offline, and those that are blocked.",
	}, func(ctx context.Context, in *StationPath) (*body[listView], error) {
		if _, err := s.Network.Store.Station(ctx, in.Station); err != nil {
			return nil, err
		}
		l, err := s.Lists.Store.List(ctx, in.Station)
		return answer(showList(l), err)
	})
	type selection struct {
		Enabled bool     `json:"enabled" doc:"false empties the list of the station"`
		Groups  []string `json:"groups,omitempty" maxItems:"100" doc:"Only tokens of these groups and of tokens are on it; without either all that may charge offline"`
		Tokens  []string `json:"tokens,omitempty" maxItems:"1000" doc:"UIDs, in whatever way they are written"`
	}
	add(s, api, huma.Operation{Method: http.MethodPut, Path: "/stations/{station}/local-list", OperationID: "set-local-list", Summary: "Say whether a list is kept in a station, and of which tokens", Tags: tags,
		Description: "The station is told within a minute, or when it is connected.",
	}, func(ctx context.Context, in *struct {
		StationPath
		Body selection
	}) (*body[listView], error) {
		l, err := s.Lists.Configure(ctx, in.Station, in.Body.Enabled, token.Selection{Groups: in.Body.Groups, Tokens: in.Body.Tokens})
		return answer(showList(l), err)
	})
	type mode struct {
		Mode string `json:"mode,omitempty" enum:"auto,full,check" default:"auto" doc:"auto sends what has changed where the station has the version that it was sent; check only asks for the version that it has"`
	}
	add(s, api, huma.Operation{Method: http.MethodPost, Path: "/stations/{station}/local-list/sync", OperationID: "sync-local-list", Summary: "Tell a station its list now", Tags: tags,
		Description: "Answers when the station has confirmed the version. What it did not take is told in the state.",
	}, func(ctx context.Context, in *struct {
		StationPath
		Body *mode
	}) (*body[syncedView], error) {
		var m mode
		set(&m, in.Body)
		if m.Mode == "check" {
			l, err := s.Lists.Check(ctx, in.Station)
			return answer(syncedView{Way: "none", List: showList(l)}, err)
		}
		done, err := s.Lists.Sync(ctx, in.Station, m.Mode == "full")
		return answer(syncedView{done.Way, done.Messages, done.Set, done.Removed, showList(done.List)}, err)
	})
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/stations/{station}/local-list/entries", OperationID: "list-local-list-entries", Summary: "List what a station was last sent", Tags: tags},
		func(ctx context.Context, in *struct {
			StationPath
			Paging
		}) (*body[page[entryView]], error) {
			at, err := in.below()
			if err != nil {
				return nil, err
			}
			if _, err := s.Network.Store.Station(ctx, in.Station); err != nil {
				return nil, err
			}
			list, err := s.Lists.Store.Content(ctx, in.Station)
			first := min(int(at), len(list))
			end := min(first+in.Limit, len(list))
			show := func(e token.Entry) entryView {
				return entryView{e.ID.UID, e.ID.Type, e.Status, e.Group, moment(e.ExpiresAt)}
			}
			return answer(turn(in.Paging, list[first:end], show, func(token.Entry) string { return strconv.Itoa(end) }), err)
		})
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/token-groups", OperationID: "list-token-groups", Summary: "List the groups of tokens of which something is said", Tags: tags},
		func(ctx context.Context, in *struct{ Paging }) (*body[page[groupView]], error) {
			after, err := in.after()
			if err != nil {
				return nil, err
			}
			list, err := s.Lists.Store.Groups(ctx, after, in.Limit)
			return answer(turn(in.Paging, list, showGroup, func(g token.Group) string { return g.Name }), err)
		})
	add(s, api, huma.Operation{Method: http.MethodPut, Path: "/token-groups/{group}", OperationID: "set-token-group", Summary: "Say whether the tokens of a group may charge offline, and by which tariff they charge", Tags: tags},
		func(ctx context.Context, in *struct {
			Group string `path:"group" maxLength:"255"`
			Body  struct {
				Offline bool    `json:"offline"`
				Tariff  *string `json:"tariff,omitempty" doc:"Id of the tariff of its transactions; empty is none, absent is not to change it"`
			}
		}) (*body[groupView], error) {
			if err := s.knownTariff(ctx, "tariff", in.Body.Tariff); err != nil {
				return nil, err
			}
			g, err := s.Lists.SaveGroup(ctx, in.Group, in.Body.Offline)
			if err == nil && in.Body.Tariff != nil {
				g.Tariff, err = *in.Body.Tariff, s.Tariffs.Store.SetGroupTariff(ctx, in.Group, *in.Body.Tariff, s.Now())
			}
			return answer(showGroup(g), err)
		})
}
