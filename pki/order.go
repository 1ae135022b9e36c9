package pki

import (
	"slices"

	"gnista"
	"gnista/station"
)

// Deliver gives a station the certificate that it asked for.
// (OCPP 2.x A02, A03; 1.6 security whitepaper A02, A03)
type Deliver struct {
	Chain   string // PEM: its certificate, and those between it and the root
	Use     Use
	Request *int // the station's number for its request (OCPP 2.1)
}

func (Deliver) Answers() (a station.Answer) { return a }
func (o Deliver) Told() station.Told {
	return station.Told{Kind: "deliver-certificate", Note: string(o.Use)}
}

// AskRenewal asks a station to ask for a new certificate. (OCPP 2.x A02; 1.6 security whitepaper A02)
type AskRenewal struct{ Use Use }

func (AskRenewal) Answers() (a station.Answer) { return a }
func (o AskRenewal) Told() station.Told {
	return station.Told{Kind: "renew-certificate", Note: string(o.Use), Effect: effectRequest}
}

// Check allows what stations can ask for.
func (o AskRenewal) Check() error {
	if !slices.Contains([]Use{ForStation, ForV2G, ForV2G20, ForBoth}, o.Use) {
		return gnista.Invalidf("use", "%q is not station, v2g, v2g-20 or combined", o.Use)
	}
	return nil
}

// effectRequest is the effect that a station asks for a certificate.
const effectRequest = "certificate-request"

// Install gives a station a root to trust. (OCPP 2.x M05; 1.6 security whitepaper M05)
type Install struct {
	Use         Use
	Certificate string // PEM
}

func (Install) Answers() (a station.Answer) { return a }
func (o Install) Told() station.Told {
	return station.Told{Kind: "install-certificate", Note: string(o.Use)}
}

// Check allows one readable certificate that may issue others, for what roots are for.
func (o Install) Check() error {
	if !slices.Contains(InstalledUses, o.Use) || o.Use == V2GChain {
		return gnista.Invalidf("use", "%q is no use of a root", o.Use)
	}
	list, err := ParseChain("certificate", o.Certificate)
	if err != nil {
		return err
	}
	if len(list) > 1 {
		return gnista.Invalidf("certificate", "is %d certificates, and one is installed at a time", len(list))
	}
	return nil
}

// ListInstalled asks a station what it has installed of some uses; none are all.
// (OCPP 2.x M03; 1.6 security whitepaper M03)
type ListInstalled struct{ Uses []Use }

func (ListInstalled) Answers() (list []Installed) { return list }
func (o ListInstalled) Told() station.Told        { return station.Told{Kind: "list-certificates"} }

// Check allows uses that stations know.
func (o ListInstalled) Check() error {
	for _, u := range o.Uses {
		if !slices.Contains(InstalledUses, u) {
			return gnista.Invalidf("uses", "%q is none of %v", u, InstalledUses)
		}
	}
	return nil
}

// Remove takes a certificate from a station. It is named as the station named it.
// (OCPP 2.x M04.FR.07, 1.6 security whitepaper M04.FR.07)
type Remove struct{ Hash Hash }

func (Remove) Answers() (a station.Answer) { return a }
func (o Remove) Told() station.Told {
	return station.Told{Kind: "delete-certificate", Note: o.Hash.Serial}
}

// Check holds the name to what every version can say.
func (o Remove) Check() error { return o.Hash.check() }
