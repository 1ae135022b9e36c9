package pki

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"gnista"
)

// EVRequest is what a car asks for its contract certificate with, as it is.
type EVRequest struct {
	Station gnista.StationID `json:"station"`
	Schema  string           `json:"schemaVersion"`
	Update  bool             `json:"update"` // a new one for a contract that it has; else its first
	EXI     string           `json:"exiRequest"`
	Most    *int             `json:"maximumContractCertificateChains,omitempty"` // OCPP 2.1
	EMAIDs  []string         `json:"prioritizedEMAIDs,omitempty"`                // OCPP 2.1
}

// EVAnswer is what a car is answered.
type EVAnswer struct {
	Done      bool   `json:"accepted"`
	EXI       string `json:"exiResponse"`
	Remaining *int   `json:"remainingContracts,omitempty"` // OCPP 2.1
	Reason    string `json:"reason,omitempty"`             // why it is not done, for people
}

// Provider issues contract certificates to cars. It is a pool of contracts outside of this system.
// (OCPP 2.x M01, M02)
type Provider interface {
	EVCertificate(ctx context.Context, r EVRequest) (EVAnswer, error)
}

// NoProvider is the provider of who has none.
type NoProvider struct{}

// EVCertificate says so.
func (NoProvider) EVCertificate(context.Context, EVRequest) (EVAnswer, error) {
	return EVAnswer{Reason: "no provider of contract certificates is configured"}, nil
}

// HTTPProvider is a provider that takes an [EVRequest] in JSON and answers with an [EVAnswer].
type HTTPProvider struct {
	URL    string
	Client *http.Client
}

const (
	providerTime = 25 * time.Second // less than a station waits
	maxProvider  = 64 << 10
)

// EVCertificate passes a request on. That the provider does not answer is an answer too: the car may try
// again.
func (p HTTPProvider) EVCertificate(ctx context.Context, r EVRequest) (EVAnswer, error) {
	ctx, cancel := context.WithTimeout(ctx, providerTime)
	defer cancel()
	a, err := p.ask(ctx, r)
	if err != nil {
		return EVAnswer{Reason: short("the provider of contract certificates cannot be asked: " + err.Error())}, nil
	}
	return a, nil
}

func (p HTTPProvider) ask(ctx context.Context, r EVRequest) (a EVAnswer, err error) {
	body, err := json.Marshal(r)
	if err != nil {
		return a, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.URL, bytes.NewReader(body))
	if err != nil {
		return a, err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := p.Client.Do(req)
	if err != nil {
		return a, fmt.Errorf("it does not answer") // its address is nothing for a station
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return a, fmt.Errorf("it answers %s", resp.Status)
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxProvider)).Decode(&a); err != nil {
		return a, fmt.Errorf("its answer cannot be read")
	}
	if a.Done && a.EXI == "" {
		return a, fmt.Errorf("its answer is empty")
	}
	return a, nil
}

// EVCertificate has a provider answer a car. (OCPP 2.x M01.FR.01, M02.FR.01; OCPP 2.1 M01.FR.04, M01.FR.07)
func (c *Contracts) EVCertificate(ctx context.Context, r EVRequest) (EVAnswer, error) {
	return c.Provider.EVCertificate(ctx, r)
}
