package station

import (
	"encoding/json"
	"strings"
	"unicode/utf8"

	"gnista"
)

// SendData gives a station what only its vendor knows the meaning of. (OCPP 1.6 §5.6, OCPP 2.x P01)
type SendData struct {
	Vendor  string
	Message string          // which of the vendor's; may be empty
	Data    json.RawMessage // any JSON; nil is none
}

func (SendData) Answers() (a DataAnswer) { return a }

func (o SendData) Told() Told {
	return Told{Kind: "data-transfer", Note: strings.TrimSpace(o.Vendor + " " + o.Message)} // the data may be anything, secrets too
}

const (
	maxDataVendor  = 255 // characters, in every version
	maxDataMessage = 50
)

// Check finds names that no version has room for.
func (o SendData) Check() error {
	if n := utf8.RuneCountInString(o.Vendor); n == 0 || n > maxDataVendor {
		return gnista.Invalidf("vendor", "must have 1 to %d characters", maxDataVendor)
	}
	if utf8.RuneCountInString(o.Message) > maxDataMessage {
		return gnista.Invalidf("message", "is longer than %d characters", maxDataMessage)
	}
	if o.Data != nil && !json.Valid(o.Data) {
		return gnista.Invalidf("data", "is not JSON")
	}
	return nil
}

// DataAnswer is what a station says to data of its vendor's.
type DataAnswer struct {
	Answer
	Data json.RawMessage // nil is none
}

// Said is the answer without the data.
func (a DataAnswer) Said() Answer { return a.Answer }
