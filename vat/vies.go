package vat

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"gnista"
)

// VIES is the register of the European Commission, or another one that answers as it does: GET
// URL/ms/{country}/vat/{number}.
type VIES struct {
	URL    string
	Client *http.Client
}

// maxAnswer is the longest answer that is read.
const maxAnswer = 64 << 10

// Company finds who has a number. NotFound when it is nobody's.
func (v *VIES) Company(ctx context.Context, number string) (c Company, err error) {
	country, rest := number[:2], number[2:]
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimRight(v.URL, "/")+"/ms/"+url.PathEscape(country)+"/vat/"+url.PathEscape(rest), nil)
	if err != nil {
		return c, err
	}
	resp, err := v.Client.Do(req)
	if err != nil {
		return c, fmt.Errorf("asking the register of VAT numbers: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return c, fmt.Errorf("the register of VAT numbers answers %s", resp.Status)
	}
	var a struct {
		Valid   bool   `json:"isValid"`
		Error   string `json:"userError"`
		Name    string `json:"name"`
		Address string `json:"address"`
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(&a); err != nil {
		return c, fmt.Errorf("reading the answer of the register of VAT numbers: %w", err)
	}
	switch {
	case a.Valid:
		return company(country, a.Name, a.Address), nil
	case a.Error == "" || a.Error == "INVALID":
		return c, gnista.Errorf(gnista.NotFound, "the VAT number is nobody's")
	}
	return c, fmt.Errorf("the register of VAT numbers cannot tell: %.50q", a.Error)
}

// company makes one of a name and an address in lines; where they say nothing, it is the zero one.
func company(country, name, address string) Company {
	said := func(s string) string {
		if s = strings.TrimSpace(s); s == "---" {
			return ""
		}
		return s
	}
	var lines []string
	for line := range strings.Lines(said(address)) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	if name = said(name); name == "" || len(lines) == 0 {
		return Company{}
	}
	c := Company{Name: name, Address: lines[0], City: lines[len(lines)-1], Country: country}
	if len(lines) > 2 {
		c.Address2 = lines[1]
	}
	return c
}
