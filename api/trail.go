package api

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
	"gnista/access"
)

type auditView struct {
	Seq     int64            `json:"seq" doc:"1, 2, … without gaps"`
	At      time.Time        `json:"at"`
	User    string           `json:"user,omitempty" doc:"Id; absent for the admin token, and for this machine where there are no users"`
	Name    string           `json:"name" doc:"Of who did it"`
	Action  string           `json:"action" doc:"The operation, as it is called in the description of the API"`
	Station gnista.StationID `json:"station,omitempty"`
	Site    string           `json:"site,omitempty"`
	Path    string           `json:"path"`
	Input   string           `json:"input,omitempty" doc:"What was asked for, without secrets and shortened"`
	Reason  string           `json:"reason,omitempty" doc:"That was given: header X-Reason, percent-encoded"`
	Stage   access.Stage     `json:"stage" enum:"asked,result"`
	Status  int              `json:"status,omitempty" doc:"Of the answer"`
	Of      int64            `json:"of,omitempty" doc:"Of a result: the line of what was asked"`
	Remote  string           `json:"remote" doc:"Address"`
	Hash    string           `json:"hash" doc:"Of the line and the hash before, in hexadecimal"`
}

func showAudit(e access.Entry) auditView {
	return auditView{e.Seq, e.At, e.User, e.Name, e.Action, e.Station, e.Site, e.Path, e.Input, e.Reason, e.Stage, e.Status, e.Of, e.Remote, e.Hash}
}

func (s *Server) trail(api huma.API) {
	tags := []string{"Audit"}
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/audit", OperationID: "list-audit", Summary: "List who has changed what, the newest first", Tags: tags,
		Description: "Each change has a line before it is made and one for what came of it.",
	}, func(ctx context.Context, in *struct {
		Paging
		User    string           `query:"user" doc:"Id"`
		Action  string           `query:"action"`
		Station gnista.StationID `query:"station"`
		Site    string           `query:"site"`
	}) (*body[page[auditView]], error) {
		below, err := in.below()
		if err != nil {
			return nil, err
		}
		list, err := s.Trail.AuditEntries(ctx, access.AuditFilter{User: in.User, Action: in.Action, Station: in.Station, Site: in.Site, Before: below, Limit: in.Limit})
		return answer(turn(in.Paging, list, showAudit, func(e access.Entry) string { return strconv.FormatInt(e.Seq, 10) }), err)
	})
	type verdict struct {
		Lines  int64  `json:"lines" doc:"That are as they were written, from the first on"`
		Last   string `json:"last" doc:"Hash of the last of them: kept elsewhere, it shows later whether lines were cut off"`
		Intact bool   `json:"intact"`
		Detail string `json:"detail,omitempty" doc:"What is wrong"`
	}
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/audit/check", OperationID: "check-audit", Summary: "Go through the whole trail of changes", Tags: tags},
		func(ctx context.Context, _ *struct{}) (*body[verdict], error) {
			lines, last, err := access.Check(ctx, s.Trail)
			v := verdict{Lines: lines, Last: last, Intact: err == nil}
			if gnista.CodeOf(err) == gnista.Conflict && err != nil {
				v.Detail, err = err.Error(), nil
			}
			return answer(v, err)
		})
}
