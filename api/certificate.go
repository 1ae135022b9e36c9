package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
	"gnista/pki"
)

type certificateView struct {
	Serial      string           `json:"serial" doc:"In hexadecimal"`
	Authority   string           `json:"authority" doc:"Id of the authority that issued it"`
	Use         pki.Use          `json:"use" enum:"station,v2g,v2g-20,server"`
	Station     gnista.StationID `json:"station,omitempty" doc:"Whose it is; absent: our own"`
	Subject     string           `json:"subject" doc:"Its common name"`
	Delivery    pki.Delivery     `json:"delivery,omitempty" enum:"waiting,accepted,refused" doc:"What the station says of it"`
	Detail      string           `json:"detail,omitempty" doc:"The station's own word, or why it could not be told"`
	IssuedAt    time.Time        `json:"issuedAt"`
	ExpiresAt   time.Time        `json:"expiresAt"`
	RevokedAt   *time.Time       `json:"revokedAt,omitempty"`
	Reason      string           `json:"reason,omitempty" doc:"Of the revocation"`
	AskedAt     *time.Time       `json:"askedAt,omitempty" doc:"When the station was last asked to renew it"`
	Certificate string           `json:"certificate" doc:"In PEM"`
}

func showCertificate(c pki.Certificate) certificateView {
	v := certificateView{
		Serial: c.Serial, Authority: c.Authority, Use: c.Use, Station: c.Station, Subject: c.Subject, Delivery: c.Delivery, Detail: c.Detail,
		IssuedAt: c.IssuedAt, ExpiresAt: c.ExpiresAt, RevokedAt: moment(c.RevokedAt), AskedAt: moment(c.AskedAt), Certificate: c.PEM(),
	}
	if v.RevokedAt != nil {
		v.Reason = pki.ReasonName(c.Reason)
	}
	return v
}

type installedView struct {
	ID         string     `json:"id" doc:"By which it is deleted"`
	Use        pki.Use    `json:"use" doc:"csms-root, maker-root, v2g-root, mo-root, oem-root or v2g-chain"`
	Algorithm  string     `json:"hashAlgorithm"`
	Name       string     `json:"issuerNameHash"`
	Key        string     `json:"issuerKeyHash"`
	Serial     string     `json:"serialNumber"`
	Below      string     `json:"below,omitempty" doc:"Id of the certificate that it belongs to, in a chain"`
	Subject    string     `json:"subject,omitempty" doc:"Where it is one that we know"`
	ExpiresAt  *time.Time `json:"expiresAt,omitempty" doc:"Likewise"`
	ReportedAt time.Time  `json:"reportedAt"`
}

func showInstalled(i pki.Installed) installedView {
	return installedView{i.ID(), i.Use, i.Hash.Algorithm, i.Hash.Name, i.Hash.Key, i.Hash.Serial, i.Below, i.Subject, moment(i.ExpiresAt), i.ReportedAt}
}

func installed(list []pki.Installed, err error) (*body[page[installedView]], error) {
	if err != nil {
		return nil, err
	}
	out := page[installedView]{Items: make([]installedView, len(list))}
	for i, x := range list {
		out.Items[i] = showInstalled(x)
	}
	return answer(out, nil)
}

// CertificateFilter is which certificates are listed.
type CertificateFilter struct {
	Station   gnista.StationID `query:"station"`
	Authority string           `query:"authority" doc:"Id of an authority"`
	Use       pki.Use          `query:"use" enum:"station,v2g,v2g-20,server"`
	Valid     bool             `query:"valid" doc:"Neither expired nor revoked ones only"`
	Before    time.Time        `query:"expiresBefore" doc:"Those that expire before then only"`
	Revoked   bool             `query:"revoked" doc:"Revoked ones only"`
}

// SerialPath is a certificate in a path.
type SerialPath struct {
	Serial string `path:"serial" maxLength:"64" doc:"Serial number in hexadecimal"`
}

func (p SerialPath) serial() string { return strings.ToLower(p.Serial) }

func (s *Server) certificates(api huma.API) {
	tags := []string{"Certificates"}
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/certificates", OperationID: "list-certificates", Summary: "List certificates that were issued", Tags: tags, Description: "The newest first.",
	}, func(ctx context.Context, in *struct {
		CertificateFilter
		Paging
	}) (*body[page[certificateView]], error) {
		before, err := in.after()
		if err != nil {
			return nil, err
		}
		f := pki.Filter{Station: in.Station, Authority: in.Authority, Use: in.Use, Before: in.Before, Revoked: in.Revoked}
		if in.Valid {
			f.ValidAt = s.Now()
		}
		list, err := s.CA.Store.Certificates(ctx, f, before, in.Limit)
		return answer(turn(in.Paging, list, showCertificate, func(c pki.Certificate) string { return c.ID }), err)
	})
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/certificates/{serial}", OperationID: "get-certificate", Summary: "Show a certificate that was issued", Tags: tags},
		func(ctx context.Context, in *SerialPath) (*body[certificateView], error) {
			c, err := s.CA.Store.Certificate(ctx, in.serial())
			if err != nil {
				return nil, err
			}
			return answer(showCertificate(c), nil)
		})
	type revocation struct {
		Reason string `json:"reason,omitempty" enum:"unspecified,key-compromise,affiliation-changed,superseded,cessation-of-operation" default:"unspecified"`
	}
	add(s, api, huma.Operation{
		Method: http.MethodPost, Path: "/certificates/{serial}/revoke", OperationID: "revoke-certificate", Summary: "Revoke a certificate", Tags: tags,
		Description: "The station that has it is disconnected, and cannot connect with it again.",
	}, func(ctx context.Context, in *struct {
		SerialPath
		Body *revocation
	}) (*body[certificateView], error) {
		b := revocation{Reason: "unspecified"}
		set(&b, in.Body)
		c, err := s.CA.Revoke(ctx, in.serial(), b.Reason)
		if err != nil {
			return nil, err
		}
		return answer(showCertificate(c), nil)
	})

	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/stations/{station}/certificates", OperationID: "list-installed-certificates", Summary: "List what a station has installed", Tags: tags,
		Description: "As it said when it was last asked: see refresh-certificates.",
	}, func(ctx context.Context, in *StationPath) (*body[page[installedView]], error) {
		return installed(s.CA.Installed(ctx, in.Station))
	})
	type refresh struct {
		Uses []pki.Use `json:"uses,omitempty" maxItems:"6" doc:"csms-root, maker-root, v2g-root, mo-root, oem-root, v2g-chain; absent: all"`
	}
	command(s, api, "refresh-certificates", "Ask a station what certificates it has installed", "",
		func(ctx context.Context, id gnista.StationID, given *refresh) (*body[page[installedView]], error) {
			var in refresh
			set(&in, given)
			return installed(s.CA.Refresh(ctx, id, in.Uses))
		})
	type renewal struct {
		Use pki.Use `json:"use,omitempty" enum:"station,v2g,v2g-20,combined" default:"station"`
	}
	command(s, api, "renew-certificate", "Ask a station to ask for a new certificate", "The station makes a new key, asks for a certificate of it, and is given one. That happens by itself a month before the last one expires.",
		func(ctx context.Context, id gnista.StationID, given *renewal) (*body[AnswerView], error) {
			in := renewal{Use: pki.ForStation}
			set(&in, given)
			return told(s.CA.Renew(ctx, id, in.Use))
		})
	type install struct {
		Use         pki.Use `json:"use,omitempty" enum:"csms-root,maker-root,v2g-root,mo-root,oem-root" default:"csms-root"`
		Certificate string  `json:"certificate,omitempty" maxLength:"10000" doc:"A root in PEM"`
		Authority   string  `json:"authority,omitempty" maxLength:"64" doc:"Instead: id of an authority of our own, whose root it is"`
	}
	command(s, api, "install-certificate", "Give a station a root to trust", "",
		func(ctx context.Context, id gnista.StationID, in install) (*body[AnswerView], error) {
			if (in.Certificate == "") == (in.Authority == "") {
				return nil, gnista.Invalidf("certificate", "give either this or an authority")
			}
			if in.Authority == "" {
				return told(s.CA.Install(ctx, id, pki.Install{Use: in.Use, Certificate: in.Certificate}))
			}
			a, err := s.CA.Authority(ctx, in.Authority)
			if err != nil {
				return nil, err
			}
			return told(s.CA.InstallRoot(ctx, id, a))
		})
	add(s, api, huma.Operation{
		Method: http.MethodDelete, Path: "/stations/{station}/certificates/{id}", OperationID: "delete-installed-certificate", Summary: "Take a certificate from a station", Tags: tags,
	}, func(ctx context.Context, in *struct {
		StationPath
		ID string `path:"id" maxLength:"64" doc:"From the list of what it has installed"`
	}) (*body[AnswerView], error) {
		return told(s.CA.Remove(ctx, in.Station, in.ID))
	})
}

type rootView struct {
	ID          string    `json:"id" doc:"Its SHA-256, in hexadecimal"`
	Use         pki.Use   `json:"use" enum:"mo-root,v2g-root,oem-root,maker-root"`
	Subject     string    `json:"subject"`
	Certificate string    `json:"certificate" doc:"In PEM"`
	ExpiresAt   time.Time `json:"expiresAt"`
	CreatedAt   time.Time `json:"createdAt"`
}

func showRoot(r pki.Root) rootView {
	return rootView{r.ID, r.Use, r.Subject, r.PEM(), r.ExpiresAt, r.CreatedAt}
}

func (s *Server) roots(api huma.API) {
	tags := []string{"Certificates"}
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/roots", OperationID: "list-roots", Summary: "List the roots that contracts of cars are proved with", Tags: tags,
	}, func(ctx context.Context, _ *struct{}) (*body[page[rootView]], error) {
		list, err := s.CA.Store.Roots(ctx)
		if err != nil {
			return nil, err
		}
		out := page[rootView]{Items: make([]rootView, len(list))}
		for i, r := range list {
			out.Items[i] = showRoot(r)
		}
		return answer(out, nil)
	})
	type root struct {
		Use         pki.Use `json:"use" enum:"mo-root,v2g-root,oem-root,maker-root"`
		Certificate string  `json:"certificate" maxLength:"16384" doc:"In PEM"`
	}
	add(s, api, huma.Operation{
		Method: http.MethodPost, Path: "/roots", OperationID: "add-root", Summary: "Trust a root for contracts of cars", Tags: tags, DefaultStatus: http.StatusCreated,
		Description: "Add those below a root as well: stations may name a contract by hashes only, and then its issuer must be known.",
	}, func(ctx context.Context, in *struct{ Body root }) (*body[rootView], error) {
		r, err := s.Contracts.AddRoot(ctx, in.Body.Use, in.Body.Certificate)
		if err != nil {
			return nil, err
		}
		return answer(showRoot(r), nil)
	})
	add(s, api, huma.Operation{Method: http.MethodDelete, Path: "/roots/{id}", OperationID: "delete-root", Summary: "Trust a root no more", Tags: tags, DefaultStatus: http.StatusNoContent},
		func(ctx context.Context, in *AuthorityPath) (*struct{}, error) {
			return nil, s.CA.Store.DeleteRoot(ctx, in.ID)
		})
}
