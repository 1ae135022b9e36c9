package charging

import "time"

// Signed is a meter value that the meter has signed, as the station sent it: so that whoever pays can have
// it checked. Nothing of it is changed, and nothing is billed by it.
type Signed struct {
	At        time.Time
	Context   Context
	Measurand Measurand
	Data      string // the signed text
	Encoding  string // OCPP 2.x: of the data before it was made Base64, as in "OCMF"; empty where the station does not say
	Method    string // OCPP 2.x: of signing
	PublicKey string // OCPP 2.x: Base64
}

// MaxSigned is the most characters of signed values that are kept for a transaction. What comes beyond that is
// kept as long again if it is of the begin or the end.
const MaxSigned = 256 << 10

// Size is what a signed value counts.
func (s Signed) Size() int { return len(s.Data) + len(s.Encoding) + len(s.Method) + len(s.PublicKey) }
