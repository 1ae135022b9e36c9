package station

import (
	"context"
	"strings"

	"gnista"
)

// EVSEID is what the world calls an EVSE: the country, the operator, and the operator's own name of it, as in
// SE*ABC*E123 (ISO 15118-2 annex H, eMI³). It is on labels, and other operators' apps show it.
type EVSEID string

const (
	evseIDOwn  = 6  // letters and digits before the operator's own name: SEABCE
	evseIDMost = 31 // characters of that name, separators among them
)

// ReadEVSEID reads an id as people and scanners write it: with separators or without, in whatever letter case. Invalid.
func ReadEVSEID(text string) (EVSEID, error) {
	text = strings.ToUpper(strings.TrimSpace(text))
	wrong := gnista.Invalidf("evseId", "must be like SE*ABC*E123: two letters for the country, three letters or digits for the operator, E, and up to %d letters, digits and *", evseIDMost)
	bare := EVSEID(text).Key()
	if len(bare) <= evseIDOwn || len(text) > evseIDOwn+2+evseIDMost || bare[5] != 'E' {
		return "", wrong
	}
	for i, r := range bare {
		if letter := r >= 'A' && r <= 'Z'; !letter && (i < 2 || r < '0' || r > '9') {
			return "", wrong
		}
	}
	own, left := strings.ReplaceAll(text, "-", "*"), 5
	for ; left > 0; own = own[1:] { // what stands before the operator's own name is written in one way
		if own[0] != '*' {
			left--
		}
	}
	return EVSEID(bare[:2] + "*" + bare[2:5] + "*" + strings.Trim(own, "*")), nil
}

// Key is what ids are compared by: letters and digits only.
func (id EVSEID) Key() string { return strings.NewReplacer("*", "", "-", "").Replace(string(id)) }

// EVSEIDStore keeps what EVSEs are called. No two are called alike.
type EVSEIDStore interface {
	// EVSEID is what an EVSE is called; empty is that nobody has said.
	EVSEID(ctx context.Context, id gnista.StationID, evse int) (EVSEID, error)
	// SetEVSEID says what an EVSE is called; empty is no longer anything. Conflict where another one is.
	SetEVSEID(ctx context.Context, id gnista.StationID, evse int, name EVSEID) error
	// FindEVSE finds the EVSE that is called so. NotFound.
	FindEVSE(ctx context.Context, name EVSEID) (gnista.StationID, int, error)
}
