package power

import (
	"context"
	"fmt"
	"time"

	"gnista"
	"gnista/station"
	"gnista/tariff"
)

// SetTariff has a station reckon with a version of a tariff, at an EVSE or, with 0, everywhere; or in
// one transaction. (OCPP 2.1 I07, I11)
type SetTariff struct {
	EVSE    int
	Ref     string // the wire's name of the transaction; empty is all to come
	Version tariff.Version
	Name    string    // by which the station is to know it; empty is the id of the version
	From    time.Time // it does not hold before; zero is at once
}

// TariffAnswer is what a station says to a tariff.
type TariffAnswer struct {
	station.Answer
	Why TariffRefusal // empty where it took it, or gives no reason that is known
}

// Said is the answer without the reason.
func (a TariffAnswer) Said() station.Answer { return a.Answer }

// TariffRefusal is why a station does not take a tariff. (OCPP 2.1 I07.FR.02–04)
type TariffRefusal string

// The reasons.
const (
	TooManyPrices TariffRefusal = "too-many-prices" // it has more than the station can keep
	NoConditions  TariffRefusal = "no-conditions"   // the station cannot reckon with prices that hold at times only
	HasTariff     TariffRefusal = "has-tariff"      // it has one of that name
)

func (SetTariff) Answers() (a TariffAnswer) { return a }

func (o SetTariff) Told() station.Told {
	where := place(o.EVSE)
	if o.Ref != "" {
		where = "transaction " + o.Ref
	}
	return station.Told{Kind: "set-tariff", Note: fmt.Sprintf("version %s, %s", o.Version.ID, where)}
}

// AskTariffs asks a station which tariffs it has, at an EVSE or, with 0, everywhere. (OCPP 2.1 I09)
type AskTariffs struct{ EVSE int }

func (AskTariffs) Answers() (list []StationTariff) { return list }
func (o AskTariffs) Told() station.Told {
	return station.Told{Kind: "read-tariffs", Note: place(o.EVSE)}
}

// StationTariff is a tariff that a station has.
type StationTariff struct {
	Version   string     `json:"version" doc:"Id of the version, which is the tariff's id in OCPP"`
	Driver    bool       `json:"driver,omitempty" doc:"It is of one driver, not the station's"`
	EVSEs     []int      `json:"evses,omitempty"`
	Tokens    []string   `json:"tokens,omitempty"`
	ValidFrom *time.Time `json:"validFrom,omitempty"`
}

// ClearTariffs has a station forget tariffs: some, or with none named all; at an EVSE or everywhere.
// (OCPP 2.1 I10)
type ClearTariffs struct {
	EVSE     *int
	Versions []string
}

func (ClearTariffs) Answers() (list []ClearedTariff) { return list }

func (o ClearTariffs) Told() station.Told {
	return station.Told{Kind: "clear-tariffs", Note: fmt.Sprint(o.Versions)}
}

// ClearedTariff is what became of one that was to be forgotten.
type ClearedTariff struct {
	Version string               `json:"version,omitempty"`
	Status  station.AnswerStatus `json:"status" enum:"accepted,rejected,unknown"`
	Detail  string               `json:"detail,omitempty" doc:"The station's own word"`
}

// SetTariff has a station reckon with a tariff of ours: the version that is in force. With a transaction
// it is for that one only. NotFound, Conflict, Unsupported. (OCPP 2.1 I07, I08.FR.08, I11)
func (p *Power) SetTariff(ctx context.Context, id gnista.StationID, evse int, name, tx string) (TariffAnswer, error) {
	t, err := p.Tariffs.Tariff(ctx, name)
	if err != nil {
		return TariffAnswer{}, err
	}
	o := SetTariff{EVSE: evse}
	found := false
	for _, v := range t.Versions { // the newest first
		if !v.ValidFrom.After(p.Now()) {
			o.Version, found = v, true
			break
		}
	}
	if !found {
		return TariffAnswer{}, gnista.Errorf(gnista.Conflict, "no version of tariff %s is in force", name)
	}
	if tx != "" {
		x, err := p.transaction(ctx, id, tx)
		if err != nil {
			return TariffAnswer{}, err
		}
		o.Ref = x.Ref
	}
	return station.Give(ctx, p.Network, id, o)
}
