package billing

import (
	"context"
	"slices"
	"strings"
	"time"

	"gnista"
)

// RevenueBy is what revenue is added up by.
type RevenueBy string

const (
	RevenueByDay     RevenueBy = "day"
	RevenueBySite    RevenueBy = "site"
	RevenueByStation RevenueBy = "station"
)

// RevenueQuery asks for what was billed.
type RevenueQuery struct {
	By           RevenueBy
	Site         string           // empty is any
	Station      gnista.StationID // empty is any
	Since, Until time.Time        // of records that were issued from Since on and before Until
}

// Revenue is what the charge records of a group come to, credits taken off.
type Revenue struct {
	Group    string    // a day as 2026-11-27, the id of a site or of a station; empty where there is none
	Quarter  time.Time // of By day and from the store only: the quarter of an hour that it is of
	Currency string
	Charges  int64 // records that are no corrections
	Fixed    int64 // credits, and what stands instead
	EnergyWh int64
	Net      int64 // in minor units
	Tax      int64
	Total    int64
}

// revenueDays is the longest time that revenue is added up of.
const revenueDays = 2 * 366

// Revenue adds up what was billed, in the order of the groups and their currencies. Days are those of zone. Invalid.
func (r *Records) Revenue(ctx context.Context, q RevenueQuery, zone *time.Location) ([]Revenue, error) {
	if !q.Since.Before(q.Until) {
		return nil, gnista.Invalidf("until", "the time must end after it begins")
	}
	if q.Until.Sub(q.Since) > revenueDays*24*time.Hour {
		return nil, gnista.Invalidf("since", "revenue is added up of at most %d days; ask for a shorter time", revenueDays)
	}
	list, err := r.Store.Revenue(ctx, q)
	if err != nil {
		return nil, err
	}
	sums := map[[2]string]*Revenue{}
	var out []*Revenue
	for _, x := range list {
		if q.By == RevenueByDay {
			x.Group = x.Quarter.In(zone).Format(time.DateOnly)
		}
		x.Quarter = time.Time{}
		k := [2]string{x.Group, x.Currency}
		if s := sums[k]; s != nil {
			s.Charges, s.Fixed, s.EnergyWh = s.Charges+x.Charges, s.Fixed+x.Fixed, s.EnergyWh+x.EnergyWh
			s.Net, s.Tax, s.Total = s.Net+x.Net, s.Tax+x.Tax, s.Total+x.Total
			continue
		}
		sums[k] = &x
		out = append(out, &x)
	}
	slices.SortFunc(out, func(a, b *Revenue) int { return strings.Compare(a.Key(), b.Key()) })
	all := make([]Revenue, len(out))
	for i, x := range out {
		all[i] = *x
	}
	return all, nil
}

// Key is what groups are in the order of.
func (r Revenue) Key() string { return r.Group + " " + r.Currency }
