package api

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
	"gnista/station"
)

type transferView struct {
	ID        string                `json:"id"`
	Number    int                   `json:"number" doc:"By which the station names it"`
	Station   gnista.StationID      `json:"station"`
	Kind      station.TransferKind  `json:"kind" enum:"firmware,publish-firmware,diagnostics,security,data-collector"`
	State     station.TransferState `json:"state" enum:"asked,scheduled,downloading,download-paused,downloaded,verified,install-scheduled,installing,rebooting,uploading,installed,published,uploaded,failed,rejected,cancelled,unknown"`
	Detail    string                `json:"detail,omitempty" doc:"The station's own word, or why"`
	Location  string                `json:"location,omitempty" doc:"Where from or where to; absent where it is sent to us"`
	HasFile   bool                  `json:"hasFile,omitempty" doc:"It has come in: GET /transfers/{id}/file"`
	At        time.Time             `json:"at"`
	ChangedAt time.Time             `json:"changedAt"`
	EndedAt   *time.Time            `json:"endedAt,omitempty"`
}

func showTransfer(t station.Transfer) transferView {
	return transferView{t.ID, t.Number, t.Station, t.Kind, t.State, t.Detail, t.Location, t.File != "", t.At, t.ChangeAt, moment(t.EndedAt)}
}

// transferAnswer is what a station says to an order to fetch or send a file.
type transferAnswer struct {
	AnswerView
	Transfer transferView `json:"transfer"`
}

func showBegun(t station.Transfer, a station.Answer, err error) (*body[transferAnswer], error) {
	return answer(transferAnswer{AnswerView{a.Status, a.Detail, a.Outcome, a.Command}, showTransfer(t)}, err)
}

// transferList registers a list of a station's transfers of some kinds.
func (s *Server) transferList(api huma.API, name, summary string, kinds ...station.TransferKind) {
	ofStation(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/stations/{station}/" + name, OperationID: "list-" + name, Summary: summary, Tags: []string{"Stations"},
	}, func(ctx context.Context, id gnista.StationID, before string, limit int) ([]station.Transfer, error) {
		return s.Network.Transfers.Transfers(ctx, id, kinds, before, limit)
	}, showTransfer, func(t station.Transfer) string { return t.ID })
}

func (s *Server) transfers(api huma.API) {
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/transfers/{id}", OperationID: "get-transfer", Summary: "Tell how far a station is with a file that it fetches or sends", Tags: []string{"Stations"},
	}, func(ctx context.Context, in *struct {
		ID string `path:"id"`
	}) (*body[transferView], error) {
		t, err := s.Network.Transfers.Transfer(ctx, in.ID)
		return answer(showTransfer(t), err)
	})
}

// typeOf is the reflected type T.
func typeOf[T any]() reflect.Type { return reflect.TypeFor[T]() }

// problem answers with err outside of huma.
func (s *Server) problem(w http.ResponseWriter, r *http.Request, op huma.Operation, err error) {
	told := s.fail(r.Context(), op, err)
	status := http.StatusInternalServerError
	if e, ok := errors.AsType[huma.StatusError](told); ok {
		status = e.GetStatus()
	}
	problem(w, status, told.Error())
}

// serveFile answers with a file of ours, if may says so. It is never shown by a browser, whatever is in it.
func (s *Server) serveFile(w http.ResponseWriter, r *http.Request, id string, may func(station.File) bool) error {
	f, err := s.Network.Transfers.File(r.Context(), id)
	if err == nil && !may(f) {
		err = gnista.Errorf(gnista.NotFound, "there is no such file")
	}
	if err != nil {
		return err
	}
	content, err := s.Network.Disk.Open(f.ID)
	if err != nil {
		return err
	}
	defer content.Close()
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": f.Name}))
	h.Set("ETag", `"`+f.SHA256+`"`)
	http.ServeContent(w, r, "", f.At, content)
	return nil
}

// stationFiles takes in what stations send, and gives them what they fetch. It stands before every
// [http.ServeMux]: that would redirect a path with a slash too many, which stations do not follow.
// (OCPP 2.1 N01.FR.26)
func (s *Server) stationFiles(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if key, ok := strings.CutPrefix(r.URL.Path, station.UploadPath); ok {
			s.upload(w, r, key)
		} else if path, ok := strings.CutPrefix(r.URL.Path, station.FetchPath); ok {
			s.fetch(w, r, path)
		} else {
			next.ServeHTTP(w, r)
		}
	})
}

// fetch gives a station the file that its address names.
func (s *Server) fetch(w http.ResponseWriter, r *http.Request, path string) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		problem(w, http.StatusMethodNotAllowed, "files are fetched by GET")
		return
	}
	id, rest, _ := strings.Cut(path, "/")
	key, _, _ := strings.Cut(rest, "/")
	if !storable(id) {
		id = ""
	}
	err := s.serveFile(w, r, id, func(f station.File) bool { return f.Kind == station.FirmwareFile && f.Key == key })
	if err != nil {
		s.problem(w, r, huma.Operation{OperationID: "fetch-file"}, err)
	}
}

// upload takes in a log, as the body of the request or in a form. (OCPP 2.x N01.FR.18, N01.FR.19)
func (s *Server) upload(w http.ResponseWriter, r *http.Request, path string) {
	if r.Method != http.MethodPut && r.Method != http.MethodPost {
		w.Header().Set("Allow", "PUT, POST")
		problem(w, http.StatusMethodNotAllowed, "files are sent by PUT or POST")
		return
	}
	key, name, _ := strings.Cut(path, "/")
	content := slowly(w, r.Body)
	if _, p, err := mime.ParseMediaType(r.Header.Get("Content-Disposition")); err == nil && p["filename"] != "" {
		name = p["filename"]
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err == nil && kind == "multipart/form-data" {
		r.Body = io.NopCloser(content)
		form, err := r.MultipartReader()
		for err == nil {
			part, e := form.NextPart()
			if err = e; err == nil && part.FileName() != "" {
				content, name = part, part.FileName()
				break
			}
		}
		if err != nil {
			problem(w, http.StatusBadRequest, "the form has no file")
			return
		}
	}
	if err := s.Network.Receive(r.Context(), key, name, content); err != nil {
		s.problem(w, r, huma.Operation{OperationID: "upload"}, err)
		return
	}
	w.WriteHeader(http.StatusCreated)
}

const (
	uploadPause = time.Minute // in which something of a file must come in
	uploadTime  = time.Hour   // in which all of it must
)

// slowly reads a file, which may take its time as long as something comes. What does not come whole is
// Invalid: it was not us who failed.
func slowly(w http.ResponseWriter, r io.Reader) io.Reader {
	return &slow{r, http.NewResponseController(w), time.Now().Add(uploadTime)}
}

type slow struct {
	r     io.Reader
	c     *http.ResponseController
	until time.Time
}

func (s *slow) Read(p []byte) (int, error) {
	limit := time.Now().Add(uploadPause)
	if limit.After(s.until) {
		limit = s.until
	}
	s.c.SetReadDeadline(limit) // where it cannot be set there is none
	n, err := s.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = gnista.Invalidf("body", "did not come in whole: %v", err)
	}
	return n, err
}
