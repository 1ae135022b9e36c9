package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
	"gnista/pki"
)

type authorityView struct {
	ID          string             `json:"id"`
	Algorithm   pki.Algorithm      `json:"algorithm" enum:"ecdsa,rsa"`
	State       pki.AuthorityState `json:"state" enum:"next,current,old,retired" doc:"current: it issues; next: its root is being given to stations; old: it issues no more, and what it issued is good"`
	Subject     string             `json:"subject"`
	Certificate string             `json:"certificate" doc:"Its own certificate and those above it, in PEM"`
	Root        string             `json:"root" doc:"The certificate that stations are to trust, in PEM"`
	Link        string             `json:"link,omitempty" doc:"Its root as the authority before has certified it, in PEM: for stations that take no other (AdditionalRootCertificateCheck)"`
	Rollout     bool               `json:"rollout" doc:"Its root is being installed on all stations in service, as they are connected"`
	Done        int                `json:"stationsDone" doc:"Stations in service that have its root, or can have none"`
	Stations    int                `json:"stations" doc:"Stations in service"`
	ExpiresAt   time.Time          `json:"expiresAt"`
	CreatedAt   time.Time          `json:"createdAt"`
	ChangedAt   time.Time          `json:"changedAt" doc:"When it came into its state"`
}

func (s *Server) showAuthority(ctx context.Context, a pki.Authority) (authorityView, error) {
	v := authorityView{ID: a.ID, Algorithm: a.Algorithm, State: a.State, Subject: a.Subject(), Rollout: a.Rollout, ExpiresAt: a.ExpiresAt, CreatedAt: a.CreatedAt, ChangedAt: a.ChangedAt}
	v.Certificate, v.Root, v.Link = a.PEM()
	var err error
	v.Done, v.Stations, err = s.CA.Store.Coverage(ctx, a.ID)
	return v, err
}

// shownAuthority is an authority that something was done to.
func (s *Server) shownAuthority(ctx context.Context, a pki.Authority, err error) (*body[authorityView], error) {
	if err != nil {
		return nil, err
	}
	return answer(s.showAuthority(ctx, a))
}

// AuthorityPath is an authority in a path.
type AuthorityPath struct {
	ID string `path:"id" maxLength:"64"`
}

type attemptView struct {
	Station gnista.StationID `json:"station"`
	Done    bool             `json:"done" doc:"It has the root, or can have none"`
	Detail  string           `json:"detail,omitempty" doc:"The station's own word, or why not"`
	At      time.Time        `json:"at"`
}

func showAttempt(a pki.Attempt) attemptView { return attemptView{a.Station, a.Done, a.Detail, a.At} }

func (s *Server) authorities(api huma.API) {
	tags := []string{"Certificates"}
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/certificate-authority", OperationID: "list-authorities", Summary: "Show the authorities that issue certificates", Tags: tags,
		Description: "There is a current one for each algorithm. The oldest comes first.",
	}, func(ctx context.Context, _ *struct{}) (*body[page[authorityView]], error) {
		list, err := s.CA.Authorities(ctx)
		if err != nil {
			return nil, err
		}
		out := page[authorityView]{Items: make([]authorityView, len(list))}
		for i, a := range list {
			if out.Items[i], err = s.showAuthority(ctx, a); err != nil {
				return nil, err
			}
		}
		return answer(out, nil)
	})
	type prepare struct {
		Algorithm pki.Algorithm `json:"algorithm" enum:"ecdsa,rsa"`
	}
	add(s, api, huma.Operation{
		Method: http.MethodPost, Path: "/certificate-authority/prepare", OperationID: "prepare-authority", Summary: "Make the next authority of an algorithm", Tags: tags, DefaultStatus: http.StatusCreated,
		Description: "It issues nothing before it is activated. Have its root installed on all stations first: see rollout.",
	}, func(ctx context.Context, in *struct{ Body prepare }) (*body[authorityView], error) {
		a, err := s.CA.Prepare(ctx, in.Body.Algorithm)
		return s.shownAuthority(ctx, a, err)
	})
	type imported struct {
		Certificate string `json:"certificate" maxLength:"65536" doc:"Its certificate, followed by those above it up to the root, in PEM"`
		Key         string `json:"key" maxLength:"16384" doc:"Its private key, in PEM and not encrypted; it is stored sealed and never shown"`
	}
	add(s, api, huma.Operation{
		Method: http.MethodPost, Path: "/certificate-authority/import", OperationID: "import-authority", Summary: "Take in an authority that was made elsewhere", Tags: tags, DefaultStatus: http.StatusCreated,
		Description: "It is the current one where there is none of its algorithm, else the next one.",
	}, func(ctx context.Context, in *struct{ Body imported }) (*body[authorityView], error) {
		a, err := s.CA.Import(ctx, in.Body.Certificate, in.Body.Key)
		return s.shownAuthority(ctx, a, err)
	})
	type rollout struct {
		On bool `json:"on" doc:"false stops it"`
	}
	add(s, api, huma.Operation{
		Method: http.MethodPost, Path: "/certificate-authority/{id}/rollout", OperationID: "roll-out-authority", Summary: "Install an authority's root on all stations in service", Tags: tags,
		Description: "It goes on until all have it: up to 500 stations every ten minutes, and those that are away when they are back.",
	}, func(ctx context.Context, in *struct {
		AuthorityPath
		Body rollout
	}) (*body[authorityView], error) {
		a, err := s.CA.Rollout(ctx, in.ID, in.Body.On)
		return s.shownAuthority(ctx, a, err)
	})
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/certificate-authority/{id}/stations", OperationID: "list-authority-stations", Summary: "List what came of installing an authority's root", Tags: tags,
	}, func(ctx context.Context, in *struct {
		AuthorityPath
		Paging
	}) (*body[page[attemptView]], error) {
		after, err := in.after()
		if err != nil {
			return nil, err
		}
		if _, err := s.CA.Authority(ctx, in.ID); err != nil {
			return nil, err
		}
		list, err := s.CA.Store.Attempts(ctx, in.ID, gnista.StationID(after), in.Limit)
		return answer(turn(in.Paging, list, showAttempt, func(a pki.Attempt) string { return string(a.Station) }), err)
	})
	type forced struct {
		Force bool `json:"force,omitempty" doc:"Whatever stations lose by it"`
	}
	for _, verb := range []struct {
		name, summary, description string
		do                         func(context.Context, string, bool) (pki.Authority, error)
	}{
		{"activate", "Let the next authority issue", "The current one is old then. Refused while stations in service lack the root, unless it is forced.", s.CA.Activate},
		{"retire", "Trust an authority no more", "Refused while certificates of it are in use, unless it is forced. What it issued is no longer accepted.", s.CA.Retire},
	} {
		add(s, api, huma.Operation{
			Method: http.MethodPost, Path: "/certificate-authority/{id}/" + verb.name, OperationID: verb.name + "-authority", Summary: verb.summary, Description: verb.description, Tags: tags,
		}, func(ctx context.Context, in *struct {
			AuthorityPath
			Body *forced
		}) (*body[authorityView], error) {
			var b forced
			set(&b, in.Body)
			a, err := verb.do(ctx, in.ID, b.Force)
			return s.shownAuthority(ctx, a, err)
		})
	}
	type der struct {
		ContentType  string `header:"Content-Type"`
		CacheControl string `header:"Cache-Control"`
		Body         []byte
	}
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/crl/{id}", OperationID: "get-crl", Summary: "Get the list of what an authority has revoked", Tags: tags,
		Description: "In DER, by RFC 5280. Anybody may ask. It is made anew every hour, and after each revocation.",
	}, func(ctx context.Context, in *AuthorityPath) (*der, error) {
		list, err := s.CA.CRL(ctx, in.ID)
		return &der{"application/pkix-crl", "max-age=3600", list}, err
	})
	add(s, api, huma.Operation{
		Method: http.MethodPost, Path: "/ocsp", OperationID: "ask-ocsp", Summary: "Ask for the state of a certificate", Tags: tags,
		Description: "By RFC 6960, request and answer in DER. Anybody may ask. Of what was not issued here the answer is unauthorized.",
	}, func(ctx context.Context, in *struct {
		RawBody []byte `contentType:"application/ocsp-request"`
	}) (*der, error) {
		text, err := s.CA.OCSP(ctx, in.RawBody)
		return &der{"application/ocsp-response", "no-store", text}, err
	})
}
