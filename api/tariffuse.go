package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"gnista/access"
	"gnista/tariff"
	"gnista/token"
)

type useView struct {
	Rule tariff.Rule `json:"rule" enum:"token,group,customer,evse,station,site" doc:"What it is of"`
	ID   string      `json:"id,omitempty" doc:"Of the group, customer, station or site, or the UID of a token; of tokens only the end, where whoever asks may not see customers"`
	Name string      `json:"name,omitempty"`
	EVSE int         `json:"evse,omitempty" doc:"Of the station"`
	Type string      `json:"type,omitempty" doc:"Of a token"`
}

// mostUses is how many things that a tariff is of are listed.
const mostUses = 1000

func (s *Server) tariffUses(api huma.API) {
	type uses struct {
		Items []useView `json:"items" nullable:"false" doc:"At most 1000"`
	}
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/tariffs/{id}/uses", OperationID: "list-tariff-uses", Summary: "List what a tariff is of", Tags: []string{"Tariffs"},
		Description: "The tokens, groups, customers, EVSEs, stations and sites that it was assigned to. The first of these that has a tariff counts.",
	}, func(ctx context.Context, in *TariffPath) (*body[uses], error) {
		if _, err := s.Tariffs.Store.Tariff(ctx, in.ID); err != nil {
			return nil, err
		}
		list, err := s.Tariffs.Store.Uses(ctx, in.ID, mostUses)
		out := uses{make([]useView, len(list))}
		persons := actorOf(ctx).Can(access.See, access.Customers, "")
		for i, u := range list {
			out.Items[i] = useView{u.Rule, u.ID, u.Name, u.EVSE, u.Type}
			if !persons && (u.Rule == tariff.OfToken || u.Rule == tariff.OfCustomer) {
				out.Items[i].Name = ""
			}
			if !persons && u.Rule == tariff.OfToken {
				out.Items[i].ID = token.Mask(u.ID)
			}
		}
		return answer(out, err)
	})
}
