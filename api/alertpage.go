package api

import (
	"net/http"

	"gnista"
	"gnista/fault/alert"
)

// ackPage is where a link in a mail leads. Scanners of mail follow links: only its button acknowledges.
type ackPage struct {
	alert.Permit
	Path string
}

// alertPages are the pages of links to acknowledge.
func (s *Server) alertPages(mux *http.ServeMux) {
	page := func(open func(r *http.Request) (alert.Permit, error)) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			secure(w.Header().Set)
			w.Header().Set("Cache-Control", "no-store")
			if !s.rates.pages.allow(s.client(r), s.Now()) {
				w.Header().Set("Retry-After", "60")
				s.plain(w, r, http.StatusTooManyRequests, "pay-often")
				return
			}
			p, err := open(r)
			switch gnista.CodeOf(err) {
			case gnista.NotFound:
				s.plain(w, r, http.StatusNotFound, "ack-nothing")
				return
			case gnista.Conflict: // it was over just then
				p, err = s.Alerts.Open(r.Context(), r.PathValue("token"))
			}
			if err != nil {
				s.Log.Error("an alert could not be shown to be acknowledged", "err", err)
				http.Error(w, "an internal error; the log has more", http.StatusInternalServerError)
				return
			}
			s.show(w, "ack.html", string(p.Person.Language), ackPage{p, r.URL.Path})
		}
	}
	mux.HandleFunc("GET "+alert.AckPath+"{token}", page(func(r *http.Request) (alert.Permit, error) { return s.Alerts.Open(r.Context(), r.PathValue("token")) }))
	mux.HandleFunc("POST "+alert.AckPath+"{token}", page(func(r *http.Request) (alert.Permit, error) {
		return s.Alerts.Acknowledge(r.Context(), r.PathValue("token"))
	}))
}
