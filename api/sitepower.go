package api

import (
	"context"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"gnista/power/site"
)

// siteLimitsView is a tree of limits with what is odd about it.
type siteLimitsView struct {
	site.Grid
	Warnings []site.Oddity `json:"warnings,omitempty" doc:"What is odd about it, though it can be used"`
}

func (s *Server) sitePower(api huma.API) {
	c := s.SitePower
	tags := []string{"Sites", "Power"}
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/sites/power", OperationID: "list-sites-power", Summary: "List how the power of all sites with limits is used, at a glance", Tags: tags,
	}, func(ctx context.Context, in *struct{ Paging }) (*body[page[site.Glance]], error) {
		after, err := in.after()
		if err != nil {
			return nil, err
		}
		list := c.Glances()
		first, _ := slices.BinarySearchFunc(list, after, func(g site.Glance, id string) int {
			if id == "" || g.Site > id {
				return 1
			}
			return -1
		})
		list = list[first:min(len(list), first+in.Limit)]
		return answer(turn(in.Paging, list, func(g site.Glance) site.Glance { return g }, func(g site.Glance) string { return g.Site }), nil)
	})
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/sites/{id}/limits", OperationID: "get-site-limits", Summary: "Show the limits of a site's power", Tags: tags,
	}, func(ctx context.Context, in *SitePath) (*body[siteLimitsView], error) {
		l, warnings, err := c.Limits(ctx, in.ID)
		return answer(siteLimitsView{l, warnings}, err)
	})
	add(s, api, huma.Operation{
		Method: http.MethodPut, Path: "/sites/{id}/limits", OperationID: "set-site-limits", Summary: "Set the limits of a site's power", Tags: tags,
		Description: "With mode on the stations are told from then on what they may take. To change limits say updatedAt of those that you have seen; where others have changed them meanwhile this is refused. What is not said has a default, which the answer says.",
	}, func(ctx context.Context, in *struct {
		SitePath
		Body site.Grid
	}) (*body[siteLimitsView], error) {
		l, warnings, err := c.SetLimits(ctx, in.ID, in.Body)
		return answer(siteLimitsView{l, warnings}, err)
	})
	add(s, api, huma.Operation{
		Method: http.MethodPost, Path: "/sites/{id}/limits/check", OperationID: "check-site-limits", Summary: "Check limits of a site's power without setting them", Tags: tags,
		Description: "The answer is that of setting them.",
	}, func(ctx context.Context, in *struct {
		SitePath
		Body site.Grid
	}) (*body[siteLimitsView], error) {
		l, warnings, err := c.Check(ctx, in.ID, in.Body)
		return answer(siteLimitsView{l, warnings}, err)
	})
	add(s, api, huma.Operation{
		Method: http.MethodPost, Path: "/sites/{id}/meter", OperationID: "read-site-meter", Summary: "Tell what a meter of a site shows", Tags: tags, DefaultStatus: http.StatusNoContent,
		Description: "Of the connection or of any node below it, every few seconds. What cars take is taken off; the rest is what else is taken there.",
	}, func(ctx context.Context, in *struct {
		SitePath
		Body site.Metering
	}) (*struct{}, error) {
		return nil, c.Read(ctx, in.ID, in.Body)
	})
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/sites/{id}/power", OperationID: "get-site-power", Summary: "Show how a site's power is shared", Tags: tags,
		Description: "What flows through the nodes of its limits, what each EVSE may take, and why.",
	}, func(ctx context.Context, in *SitePath) (*body[site.Sharing], error) {
		return answer(c.View(ctx, in.ID))
	})
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/sites/{id}/power/history", OperationID: "list-site-power", Summary: "List how a site's power was shared, the newest first", Tags: tags,
		Description: "A moment for each change, and one every five minutes; the last 2,000 are kept.",
	}, func(ctx context.Context, in *struct {
		SitePath
		Paging
	}) (*body[page[site.Moment]], error) {
		before, err := in.after()
		if err != nil {
			return nil, err
		}
		list, err := c.Moments(ctx, in.ID, before, in.Limit)
		return answer(turn(in.Paging, list, func(m site.Moment) site.Moment { return m }, func(m site.Moment) string { return m.ID }), err)
	})
}
