package station

import (
	"encoding/json"
	"strings"

	"gnista"
)

// maxVendorData is the most that a vendor's message may carry: as much as a message that a station sends.
const maxVendorData = 64 << 10

// VendorMessage is a message of which only a vendor's stations know the meaning.
// (OCPP 1.6 §4.3, OCPP 2.x P01)
type VendorMessage struct {
	Vendor  string          // whose, as in "com.example"
	Message string          // which; may be empty
	Data    json.RawMessage // any JSON; nil is none
}

func (VendorMessage) Answers() (a VendorAnswer) { return a }

func (o VendorMessage) Told() Told { // the data may be secret
	return Told{Kind: "vendor-message", Note: strings.TrimSpace(o.Vendor + " " + o.Message)}
}

func (o VendorMessage) Check() error {
	switch {
	case o.Vendor == "":
		return gnista.Invalidf("vendor", "is empty")
	case len(o.Data) > maxVendorData:
		return gnista.Invalidf("data", "is longer than %d bytes", maxVendorData)
	}
	return nil
}

// VendorAnswer is what a station says to a vendor's message.
type VendorAnswer struct {
	Answer
	Data json.RawMessage // nil is none
}

// Said is the answer without the data.
func (a VendorAnswer) Said() Answer { return a.Answer }
