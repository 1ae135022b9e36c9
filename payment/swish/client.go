package swish

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"gnista/payment"
)

// The states of payment requests; those of refunds are some of them, and others on the way.
const (
	created   = "CREATED"
	paid      = "PAID"
	declined  = "DECLINED"
	failed    = "ERROR"
	cancelled = "CANCELLED"
)

// Codes of errors that mean something else than that it cannot be.
const (
	exists       = "RP09" // the number was used before
	timedOut     = "TM01" // nobody began to pay in time
	bankSilent   = "DS24" // the banks did not answer in time
	signingEnded = "BANKIDCL"
	refundBusy   = "RF09" // another refund of the payment is on its way
	sameCustomer = "RP06" // has another request
)

// NewClient makes a client that shows a certificate, which with its key is PEM. ca are the certificates that Swish
// is known by; none are those of the machine.
func NewClient(certificate, key, ca []byte) (*http.Client, error) {
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return nil, fmt.Errorf("the certificate for Swish and its key: %w", err)
	}
	var roots *x509.CertPool
	if len(ca) > 0 {
		roots = x509.NewCertPool()
		if !roots.AppendCertsFromPEM(ca) {
			return nil, errors.New("there is no certificate in the file of the authorities of Swish")
		}
	}
	return &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			TLSClientConfig:   &tls.Config{Certificates: []tls.Certificate{pair}, RootCAs: roots, MinVersion: tls.VersionTLS12},
			ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 16, IdleConnTimeout: time.Minute, TLSHandshakeTimeout: 10 * time.Second,
		},
	}, nil
}

// request is a payment request.
type request struct {
	PayeePaymentReference string `json:"payeePaymentReference,omitempty"`
	CallbackURL           string `json:"callbackUrl"`
	CallbackIdentifier    string `json:"callbackIdentifier"`
	PayerAlias            string `json:"payerAlias,omitempty"`
	PayeeAlias            string `json:"payeeAlias"`
	Amount                string `json:"amount"`
	Currency              string `json:"currency"`
	Message               string `json:"message,omitempty"`
}

// refund is a request to refund.
type refund struct {
	OriginalPaymentReference string `json:"originalPaymentReference"`
	PayerPaymentReference    string `json:"payerPaymentReference"` // comes back with callbacks: our name of the payment
	CallbackURL              string `json:"callbackUrl"`
	CallbackIdentifier       string `json:"callbackIdentifier"`
	PayerAlias               string `json:"payerAlias"` // us, who give it back
	Amount                   string `json:"amount"`
	Currency                 string `json:"currency"`
	Message                  string `json:"message,omitempty"`
}

// answer is a payment request or a refund as Swish tells it.
type answer struct {
	ID                    string `json:"id"`
	PaymentReference      string `json:"paymentReference"`
	PayerPaymentReference string `json:"payerPaymentReference"`
	PayeeAlias            string `json:"payeeAlias"`
	Amount                amount `json:"amount"`
	Currency              string `json:"currency"`
	Status                string `json:"status"`
	ErrorCode             string `json:"errorCode"`
}

// failure is an answer that is no success.
type failure struct {
	status int
	codes  []string
}

func (f *failure) Error() string {
	return strings.TrimSpace(fmt.Sprintf("Swish answers %d %s", f.status, strings.Join(f.codes, " ")))
}

// has tells whether an error is an answer with a code.
func has(err error, code string) bool {
	var f *failure
	return errors.As(err, &f) && slices.Contains(f.codes, code)
}

func isMissing(err error) bool {
	var f *failure
	return errors.As(err, &f) && f.status == http.StatusNotFound
}

// verdict is what a failed request means: declined, refused, or not known.
func verdict(err error) error {
	var f *failure
	if !errors.As(err, &f) {
		return err
	}
	switch code := strings.Join(f.codes, " "); f.status {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusUnsupportedMediaType:
		return &payment.RefusedError{Reason: f.Error()}
	case http.StatusUnprocessableEntity:
		switch code {
		case refundBusy:
			return f
		case sameCustomer, "ACMT01", "ACMT03", "BE18", "VR01", "VR02", "AM02", "AM06":
			return &payment.DeclinedError{Code: code, Customer: true}
		case "RF02", "RF03", "RF04", "RF06", "RF07", "RF08", "AM03", "AM04":
			return &payment.DeclinedError{Code: code}
		}
		return &payment.RefusedError{Reason: f.Error()}
	}
	return f
}

// answerLimit is the most of an answer that is read.
const answerLimit = 64 << 10

// do sends a request, and reads what is answered into out. What it returns is the answer's header.
func (s *Provider) do(ctx context.Context, method, path string, body, out any) (http.Header, error) {
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			return nil, err
		}
	}
	r, err := http.NewRequestWithContext(ctx, method, strings.TrimRight(s.Endpoint, "/")+path, bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	switch method {
	case http.MethodPut:
		r.Header.Set("Content-Type", "application/json")
	case http.MethodPatch:
		r.Header.Set("Content-Type", "application/json-patch+json")
	}
	res, err := s.Client.Do(r)
	if err != nil {
		return nil, fmt.Errorf("asking Swish: %w", err)
	}
	defer res.Body.Close()
	text, err = io.ReadAll(io.LimitReader(res.Body, answerLimit))
	if err != nil {
		return nil, fmt.Errorf("reading the answer of Swish: %w", err)
	}
	if res.StatusCode/100 != 2 {
		return nil, failureOf(res.StatusCode, text)
	}
	if out != nil {
		if err := json.Unmarshal(text, out); err != nil {
			return nil, fmt.Errorf("understanding the answer of Swish: %w", err)
		}
	}
	return res.Header, nil
}

func failureOf(status int, body []byte) *failure {
	f := &failure{status: status}
	var list []struct {
		Code string `json:"errorCode"`
	}
	if json.Unmarshal(body, &list) == nil {
		for _, e := range list {
			f.codes = append(f.codes, word(e.Code))
		}
	}
	return f
}

// create makes a payment request; where no payer is named its token is told.
func (s *Provider) create(ctx context.Context, id string, x request) (token string, err error) {
	h, err := s.do(ctx, http.MethodPut, "/api/v2/paymentrequests/"+id, x, nil)
	if err != nil {
		return "", err
	}
	if token = h.Get("PaymentRequestToken"); token == "" && x.PayerAlias == "" {
		return "", errors.New("no token came for a payment request")
	}
	return token, nil
}

func (s *Provider) read(ctx context.Context, id string) (x answer, err error) {
	_, err = s.do(ctx, http.MethodGet, "/api/v1/paymentrequests/"+id, nil, &x)
	if err != nil {
		err = verdict(err)
	}
	return x, err
}

// cancel takes a payment request back, or tells what has become of it.
func (s *Provider) cancel(ctx context.Context, id string) (x answer, err error) {
	_, err = s.do(ctx, http.MethodPatch, "/api/v1/paymentrequests/"+id, []map[string]string{{"op": "replace", "path": "/status", "value": "cancelled"}}, nil)
	var f *failure
	if err != nil && !(errors.As(err, &f) && f.status/100 == 4) {
		return x, err
	}
	if x, err = s.read(ctx, id); err == nil && x.Status == created {
		err = fmt.Errorf("payment request %s is not cancelled yet", id)
	}
	return x, err
}
