package campaign

import (
	"context"
	"encoding/json"
	"time"

	"gnista"
	"gnista/station"
)

// Firmware has stations install firmware. It has happened when the station says that it is installed.
type Firmware struct{ Network *station.Network }

func (a Firmware) order(ctx context.Context, args json.RawMessage) (station.UpdateFirmware, error) {
	var x struct {
		Location      string    `json:"location"` // where stations fetch it from
		File          string    `json:"file"`     // or id of a file that was sent to us
		Retries       int       `json:"retries"`
		RetryInterval int       `json:"retryInterval"` // in seconds
		RetrieveAt    time.Time `json:"retrieveAt"`
		InstallAt     time.Time `json:"installAt"`
		Signature     string    `json:"signature"`
		Certificate   string    `json:"signingCertificate"`
	}
	if err := read(args, &x); err != nil {
		return station.UpdateFirmware{}, err
	}
	if (x.Location == "") == (x.File == "") {
		return station.UpdateFirmware{}, gnista.Invalidf("args.location", "or file is needed, and not both")
	}
	if x.File != "" {
		file, err := a.Network.Transfers.File(ctx, x.File)
		if err != nil {
			return station.UpdateFirmware{}, gnista.Invalidf("args.file", "%v", err)
		}
		if x.Location, err = a.Network.FetchURL(file); err != nil {
			return station.UpdateFirmware{}, err
		}
	}
	o := station.UpdateFirmware{
		Location: x.Location, Retries: x.Retries, RetryInterval: time.Duration(x.RetryInterval) * time.Second, RetrieveAt: x.RetrieveAt.UTC(), InstallAt: x.InstallAt.UTC(),
		Signature: x.Signature, Certificate: x.Certificate,
	}
	if err := o.Check(); err != nil {
		return o, gnista.Invalidf("args", "%v", err)
	}
	return o, nil
}

// Check finds what is wrong with the update. Invalid.
func (a Firmware) Check(ctx context.Context, args json.RawMessage) error {
	_, err := a.order(ctx, args)
	return err
}

// Plan says what would be installed over what.
func (a Firmware) Plan(ctx context.Context, id gnista.StationID, args json.RawMessage) (string, error) {
	o, err := a.order(ctx, args)
	if err != nil {
		return "", err
	}
	s, err := a.Network.Store.Station(ctx, id)
	return o.Told().Note + " over " + s.Firmware, err
}

// Apply orders the update.
func (a Firmware) Apply(ctx context.Context, id gnista.StationID, args json.RawMessage) (Result, error) {
	o, err := a.order(ctx, args)
	if err != nil {
		return Result{}, err
	}
	_, answer, err := a.Network.Update(ctx, id, o)
	return Said(answer), err
}

// Repeatable is false: an update that is under way is not begun again.
func (Firmware) Repeatable() bool { return false }
