package station

import "gnista"

// SendData sends a station data that only its vendor understands. (OCPP 1.6 §5.6, OCPP 2.x P01)
type SendData struct {
	Vendor  string
	Message string
	Data    string
}

func (SendData) Answers() (a Answer) { return a }
func (o SendData) Told() Told        { return Told{Kind: "data", Note: o.Vendor + " " + o.Message} }

// Check holds the names to what every version can say.
func (o SendData) Check() error {
	switch {
	case o.Vendor == "" || len(o.Vendor) > 255:
		return gnista.Invalidf("vendor", "must have 1 to 255 bytes")
	case len(o.Message) > 50:
		return gnista.Invalidf("message", "is longer than 50 bytes")
	}
	return nil
}
