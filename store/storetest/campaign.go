package storetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"gnista"
	"gnista/campaign"
	"gnista/station"
)

func (s suite) campaigns(t *testing.T) {
	ctx := t.Context()
	c := campaign.Campaign{
		ID: "cam1", Name: "Våren", Action: "settings", Args: json.RawMessage(`{"a":1}`), Target: campaign.Target{Match: station.StationMatch{Vendor: "V"}},
		Waves: []string{"1", "100%"}, Sizes: []int{1, 25}, MaxFailed: 10, Concurrency: 3, SkipOffline: true, State: campaign.Running, CreatedAt: now, Deadline: now.Add(time.Hour),
	}
	members := make([]campaign.Member, 25)
	for i := range members {
		members[i] = campaign.Member{Campaign: c.ID, Position: i, Station: gnista.StationID(fmt.Sprint("S", i)), Wave: min(i, 1), State: campaign.Waiting}
	}
	if err := s.AddCampaign(ctx, c, members); err != nil {
		t.Fatal(err)
	}
	same := func(got campaign.Campaign) {
		t.Helper()
		if fmt.Sprint(got) != fmt.Sprint(c) {
			t.Errorf("got %+v, want %+v", got, c)
		}
	}
	same(must[campaign.Campaign](t)(s.Campaign(ctx, "cam1")))
	refused := errors.New("no")
	_, err := s.ChangeCampaign(ctx, "cam1", func(x *campaign.Campaign) ([]gnista.Event, error) { x.Wave = 7; return nil, refused })
	if !errors.Is(err, refused) {
		t.Errorf("got %v", err)
	}
	c.State, c.Detail, c.Wave, c.Forgiven = campaign.Stopped, "why", 1, 2
	same(must[campaign.Campaign](t)(s.ChangeCampaign(ctx, "cam1", func(x *campaign.Campaign) ([]gnista.Event, error) {
		*x = c
		return []gnista.Event{{At: now, Kind: "campaign.changed"}}, nil
	})))
	same(must[campaign.Campaign](t)(s.Campaign(ctx, "cam1")))
	if list := must[[]campaign.Campaign](t)(s.Campaigns(ctx, campaign.Running, "", 10)); len(list) != 0 {
		t.Errorf("running: %+v", list)
	}
	if list := must[[]campaign.Campaign](t)(s.Campaigns(ctx, "", "cam2", 10)); len(list) != 1 {
		t.Errorf("got %+v", list)
	}
	_, err = s.Campaign(ctx, "none")
	wantCode(t, err, gnista.NotFound)

	list := func(f campaign.MemberFilter) []campaign.Member {
		t.Helper()
		f.Campaign = "cam1"
		return must[[]campaign.Member](t)(s.Members(ctx, f))
	}
	if got := list(campaign.MemberFilter{Wave: 9, After: -1, Limit: 100}); !slices.Equal(got, members) {
		t.Errorf("got %+v", got)
	}
	m := members[1]
	m.State, m.Detail, m.Command, m.Attempts, m.StartedAt, m.EndedAt = campaign.Failed, "why", "c", 2, now, now
	if err := s.SaveMember(ctx, m); err != nil {
		t.Fatal(err)
	}
	if got := list(campaign.MemberFilter{State: campaign.Failed, Wave: 1, After: 0, Limit: 10}); len(got) != 1 || got[0] != m {
		t.Errorf("got %+v", got)
	}
	if got := list(campaign.MemberFilter{State: campaign.Waiting, Wave: 0, After: -1, Limit: 10}); len(got) != 1 || got[0] != members[0] {
		t.Errorf("got %+v", got)
	}
	if err := s.SkipMembers(ctx, "cam1", "cancelled", now); err != nil {
		t.Fatal(err)
	}
	counts := must[[]campaign.Count](t)(s.CountMembers(ctx, "cam1"))
	if want := []campaign.Count{{Wave: 0, State: campaign.Skipped, N: 1}, {Wave: 1, State: campaign.Failed, N: 1}, {Wave: 1, State: campaign.Skipped, N: 23}}; !slices.Equal(counts, want) {
		t.Errorf("got %+v", counts)
	}
}
