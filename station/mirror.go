package station

import (
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"gnista"
)

// Mirror is a second back end that is shown what a station sends. Without a URL there is none.
type Mirror struct {
	URL      string // the identity becomes another segment of it
	Password string // for Basic authentication there, with the identity as the user name
}

// maxMirrorURL is the longest URL that is kept.
const maxMirrorURL = 500

// Check tells what is wrong with a mirror. Invalid.
func (m Mirror) Check(field string) error {
	if m.URL == "" {
		return nil
	}
	u, err := url.Parse(m.URL)
	switch {
	case len(m.URL) > maxMirrorURL:
		return gnista.Invalidf(field+".url", "is longer than %d bytes", maxMirrorURL)
	case err != nil || u.Scheme != "ws" && u.Scheme != "wss" || u.Hostname() == "":
		return gnista.Invalidf(field+".url", "must be a URL like wss://host/path")
	case u.User != nil:
		return gnista.Invalidf(field+".url", "must not hold a password; there is a field for it")
	case u.RawQuery != "" || u.Fragment != "" || strings.Contains(m.URL, "#"):
		return gnista.Invalidf(field+".url", "must have no query and no fragment")
	case utf8.RuneCountInString(m.Password) > maxText:
		return gnista.Invalidf(field+".password", "is longer than %d characters", maxText)
	}
	return nil
}

// MirrorStatus is how the mirroring of a station goes. Counts begin anew with each of its connections.
type MirrorStatus struct {
	Running   bool // the station is connected and mirrored
	Connected bool // to the second back end
	Since     time.Time
	Forwarded int64
	Dropped   int64 // messages that found no room, as the second back end was away or slow
	Ignored   int64 // messages of the second back end, which count for nothing
	LastError string
}

// Mirrors tells how mirroring goes.
type Mirrors interface {
	Mirroring(id gnista.StationID) MirrorStatus
}
