package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
	"gnista/station"
)

type fileView struct {
	ID     string    `json:"id"`
	Name   string    `json:"name"`
	Size   int64     `json:"size" doc:"In bytes"`
	SHA256 string    `json:"sha256"`
	MD5    string    `json:"md5" doc:"By which OCPP names firmware that a local controller offers"`
	URL    string    `json:"url,omitempty" doc:"Where stations fetch it; whoever knows it can"`
	At     time.Time `json:"at"`
}

func (s *Server) showFile(f station.File) fileView {
	url, _ := s.Network.FetchURL(f) // is missing where nobody said how stations reach us
	return fileView{f.ID, f.Name, f.Size, f.SHA256, f.MD5, url, f.At}
}

// Fetching is what orders to fetch a file have in common.
type Fetching struct {
	Location      string `json:"location,omitempty" maxLength:"2000" doc:"Address that the station fetches from (http, https, ftp); absent where file names one of ours"`
	File          string `json:"file,omitempty" doc:"Id of a firmware file that was sent to us"`
	Retries       int    `json:"retries,omitempty" minimum:"0" doc:"0 or absent leaves it to the station"`
	RetryInterval int    `json:"retryInterval,omitempty" minimum:"0" doc:"In seconds"`
}

// from is where the file is, and its checksum where it is one of ours.
func (f Fetching) from(ctx context.Context, n *station.Network) (location, md5 string, err error) {
	switch {
	case f.Location != "" && f.File != "":
		return "", "", gnista.Invalidf("file", "and location exclude each other")
	case f.Location != "":
		return f.Location, "", nil
	case f.File == "":
		return "", "", gnista.Invalidf("location", "or file is needed")
	}
	file, err := n.Transfers.File(ctx, f.File)
	if err != nil {
		return "", "", err
	}
	location, err = n.FetchURL(file)
	return location, file.MD5, err
}

func (f Fetching) interval() time.Duration { return time.Duration(f.RetryInterval) * time.Second }

func (s *Server) firmware(api huma.API, mux *http.ServeMux) {
	type firmwareUpdate struct {
		Fetching
		RetrieveAt  *time.Time `json:"retrieveAt,omitempty" doc:"The station fetches it not before; absent is now"`
		InstallAt   *time.Time `json:"installAt,omitempty" doc:"The station installs it not before (not told to stations of OCPP 1.6 without a signature)"`
		Signature   string     `json:"signature,omitempty" maxLength:"800" doc:"Of the file, in base64; makes it a secure update"`
		Certificate string     `json:"signingCertificate,omitempty" maxLength:"5500" doc:"Of who signed it, in PEM"`
	}
	command(s, api, "firmware", "Have a station install firmware", "With a signature it is a secure update. How far the station is with it is told under the id in the answer.",
		func(ctx context.Context, id gnista.StationID, in firmwareUpdate) (*body[transferAnswer], error) {
			location, _, err := in.from(ctx, s.Network)
			if err != nil {
				return nil, err
			}
			for field, t := range map[string]*time.Time{"retrieveAt": in.RetrieveAt, "installAt": in.InstallAt} {
				if err := kept(field, t); err != nil {
					return nil, err
				}
			}
			o := station.UpdateFirmware{Location: location, Retries: in.Retries, RetryInterval: in.interval(), Signature: in.Signature, Certificate: in.Certificate}
			set(&o.RetrieveAt, in.RetrieveAt)
			set(&o.InstallAt, in.InstallAt)
			return showBegun(s.Network.Update(ctx, id, o))
		})
	type publishFirmware struct {
		Fetching
		Checksum string `json:"checksum,omitempty" maxLength:"32" doc:"MD5 of the file in hexadecimal; known where it is one of ours"`
	}
	command(s, api, "publish-firmware", "Have a local controller offer firmware to its stations", "OCPP 2.x.",
		func(ctx context.Context, id gnista.StationID, in publishFirmware) (*body[transferAnswer], error) {
			location, md5, err := in.from(ctx, s.Network)
			if err != nil {
				return nil, err
			}
			if in.Checksum == "" {
				in.Checksum = md5
			}
			return showBegun(s.Network.Publish(ctx, id, station.PublishFirmware{Location: location, Checksum: in.Checksum, Retries: in.Retries, RetryInterval: in.interval()}))
		})
	type unpublishFirmware struct {
		Checksum string `json:"checksum" maxLength:"32" doc:"MD5 of the file in hexadecimal"`
	}
	command(s, api, "unpublish-firmware", "Have a local controller no longer offer firmware", "OCPP 2.x.",
		func(ctx context.Context, id gnista.StationID, in unpublishFirmware) (*body[AnswerView], error) {
			return told(station.Give(ctx, s.Network, id, station.UnpublishFirmware{Checksum: in.Checksum}))
		})
	s.transferList(api, "firmware", "List a station's firmware updates, the newest first", station.FirmwareUpdate, station.FirmwarePublish)

	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/firmware-files", OperationID: "list-firmware-files", Summary: "List the firmware that stations can fetch from us, the newest first", Tags: []string{"Firmware"},
	}, func(ctx context.Context, in *struct{ Paging }) (*body[page[fileView]], error) {
		before, err := in.after()
		if err != nil {
			return nil, err
		}
		list, err := s.Network.Transfers.Files(ctx, station.FirmwareFile, before, in.Limit)
		return answer(turn(in.Paging, list, s.showFile, func(f station.File) string { return f.ID }), err)
	})
	add(s, api, huma.Operation{
		Method: http.MethodDelete, Path: "/firmware-files/{id}", OperationID: "delete-firmware-file", Summary: "Delete firmware that stations can fetch from us", Tags: []string{"Firmware"},
		DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, in *struct {
		ID string `path:"id"`
	}) (*struct{}, error) {
		f, err := s.Network.Transfers.File(ctx, in.ID)
		if err == nil && f.Kind != station.FirmwareFile {
			err = gnista.Errorf(gnista.NotFound, "there is no firmware file %q", in.ID)
		}
		if err != nil {
			return nil, err
		}
		return nil, s.Network.RemoveFile(ctx, in.ID)
	})
	// A file is not read into memory, as huma would.
	op := huma.Operation{
		Method: http.MethodPost, Path: prefix + "/firmware-files", OperationID: "add-firmware-file", Summary: "Send us firmware that stations can then fetch", Tags: []string{"Firmware"},
		Description: "The body is the file.", Security: []map[string][]string{{"token": {}}},
		Parameters:  []*huma.Param{{Name: "name", In: "query", Required: true, Description: "Name of the file", Schema: &huma.Schema{Type: huma.TypeString}}},
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/octet-stream": {}}},
		Responses:   map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{"application/json": {Schema: huma.SchemaFromType(api.OpenAPI().Components.Schemas, typeOf[fileView]())}}}},
	}
	api.OpenAPI().AddOperation(&op)
	mux.HandleFunc("POST "+prefix+"/firmware-files", func(w http.ResponseWriter, r *http.Request) {
		f, err := s.Network.AddFirmware(r.Context(), r.URL.Query().Get("name"), slowly(w, r.Body))
		if err != nil {
			s.problem(w, r, op, err)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		write(w, s.showFile(f))
	})
}
