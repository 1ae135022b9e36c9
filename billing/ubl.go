package billing

import (
	"encoding/xml"
	"fmt"
	"math/big"
	"strings"
	"time"

	"gnista"
	"gnista/account"
	"gnista/tariff"
)

// What a document in Peppol BIS Billing 3 says of itself.
const (
	ublCustomization = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
	ublProfile       = "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"
	ublCommon        = "urn:oasis:names:specification:ubl:schema:xsd:Common"
	ublInvoice       = "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"
	ublCreditNote    = "urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2"
)

// The types of UBL 2.1, as far as they are used. The order of fields is that of the schema, and the names
// of the groups of EN 16931 are behind them.
type (
	ublDocument struct {
		XMLName       xml.Name
		NS            string       `xml:"xmlns,attr"`
		CAC           string       `xml:"xmlns:cac,attr"`
		CBC           string       `xml:"xmlns:cbc,attr"`
		Customization string       `xml:"cbc:CustomizationID"`           // BT-24
		Profile       string       `xml:"cbc:ProfileID"`                 // BT-23
		ID            string       `xml:"cbc:ID"`                        // BT-1
		IssueDate     string       `xml:"cbc:IssueDate"`                 // BT-2
		DueDate       string       `xml:"cbc:DueDate,omitempty"`         // BT-9, of an invoice
		InvoiceType   string       `xml:"cbc:InvoiceTypeCode,omitempty"` // BT-3
		CreditType    string       `xml:"cbc:CreditNoteTypeCode,omitempty"`
		Note          string       `xml:"cbc:Note,omitempty"`                    // BT-22
		Currency      string       `xml:"cbc:DocumentCurrencyCode"`              // BT-5
		BuyerRef      string       `xml:"cbc:BuyerReference"`                    // BT-10
		Period        *ublPeriod   `xml:"cac:InvoicePeriod"`                     // BG-14
		Earlier       []ublEarlier `xml:"cac:BillingReference"`                  // BG-3
		Supplier      ublParty     `xml:"cac:AccountingSupplierParty>cac:Party"` // BG-4
		Customer      ublParty     `xml:"cac:AccountingCustomerParty>cac:Party"` // BG-7
		Means         *ublMeans    `xml:"cac:PaymentMeans"`                      // BG-16
		Terms         *ublTerms    `xml:"cac:PaymentTerms"`
		Tax           ublTax       `xml:"cac:TaxTotal"`
		Sum           ublSum       `xml:"cac:LegalMonetaryTotal"`    // BG-22
		Lines         []ublLine    `xml:"cac:InvoiceLine,omitempty"` // BG-25
		CreditLines   []ublLine    `xml:"cac:CreditNoteLine,omitempty"`
	}
	ublTerms struct {
		Note string `xml:"cbc:Note"` // BT-20
	}
	ublPeriod struct {
		Start string `xml:"cbc:StartDate"`
		End   string `xml:"cbc:EndDate"`
	}
	ublEarlier struct {
		ID string `xml:"cac:InvoiceDocumentReference>cbc:ID"` // BT-25
	}
	ublID struct {
		Scheme string `xml:"schemeID,attr,omitempty"`
		Value  string `xml:",chardata"`
	}
	ublParty struct {
		Endpoint ublID       `xml:"cbc:EndpointID"` // BT-34, BT-49
		Name     string      `xml:"cac:PartyName>cbc:Name"`
		Address  ublAddress  `xml:"cac:PostalAddress"`
		Tax      []ublScheme `xml:"cac:PartyTaxScheme"` // BT-31, BT-32, BT-48
		Legal    ublLegal    `xml:"cac:PartyLegalEntity"`
		Contact  *ublContact `xml:"cac:Contact"`
	}
	ublAddress struct {
		Street  string `xml:"cbc:StreetName,omitempty"`
		City    string `xml:"cbc:CityName,omitempty"`
		Zone    string `xml:"cbc:PostalZone,omitempty"`
		Country string `xml:"cac:Country>cbc:IdentificationCode"` // BT-40, BT-55
	}
	ublScheme struct {
		ID     string `xml:"cbc:CompanyID"`
		Scheme string `xml:"cac:TaxScheme>cbc:ID"`
	}
	ublLegal struct {
		Name string `xml:"cbc:RegistrationName"` // BT-27, BT-44
		ID   *ublID `xml:"cbc:CompanyID"`        // BT-30, BT-47
	}
	ublContact struct {
		Mail string `xml:"cbc:ElectronicMail"`
	}
	ublMeans struct {
		Code    string `xml:"cbc:PaymentMeansCode"`                                            // BT-81
		ID      string `xml:"cbc:PaymentID"`                                                   // BT-83
		Account string `xml:"cac:PayeeFinancialAccount>cbc:ID"`                                // BT-84
		Branch  string `xml:"cac:PayeeFinancialAccount>cac:FinancialInstitutionBranch>cbc:ID"` // BT-86
	}
	ublAmount struct {
		Currency string `xml:"currencyID,attr"`
		Value    string `xml:",chardata"`
	}
	ublTax struct {
		Amount ublAmount `xml:"cbc:TaxAmount"`   // BT-110
		Rates  []ublRate `xml:"cac:TaxSubtotal"` // BG-23
	}
	ublRate struct {
		Net      ublAmount   `xml:"cbc:TaxableAmount"` // BT-116
		VAT      ublAmount   `xml:"cbc:TaxAmount"`     // BT-117
		Category ublCategory `xml:"cac:TaxCategory"`
	}
	ublCategory struct {
		ID      string `xml:"cbc:ID"`      // BT-118, BT-151: S, or Z where the rate is 0
		Percent string `xml:"cbc:Percent"` // BT-119, BT-152
		Scheme  string `xml:"cac:TaxScheme>cbc:ID"`
	}
	ublSum struct {
		Lines ublAmount `xml:"cbc:LineExtensionAmount"` // BT-106
		Net   ublAmount `xml:"cbc:TaxExclusiveAmount"`  // BT-109
		Gross ublAmount `xml:"cbc:TaxInclusiveAmount"`  // BT-112
		Due   ublAmount `xml:"cbc:PayableAmount"`       // BT-115
	}
	ublQuantity struct {
		Unit  string `xml:"unitCode,attr"`
		Value string `xml:",chardata"`
	}
	ublLine struct {
		ID       string       `xml:"cbc:ID"`               // BT-126
		Invoiced *ublQuantity `xml:"cbc:InvoicedQuantity"` // BT-129
		Credited *ublQuantity `xml:"cbc:CreditedQuantity"`
		Net      ublAmount    `xml:"cbc:LineExtensionAmount"`  // BT-131
		Period   ublPeriod    `xml:"cac:InvoicePeriod"`        // BG-26
		Text     string       `xml:"cac:Item>cbc:Description"` // BT-154
		Name     string       `xml:"cac:Item>cbc:Name"`        // BT-153
		Category ublCategory  `xml:"cac:Item>cac:ClassifiedTaxCategory"`
		Price    ublAmount    `xml:"cac:Price>cbc:PriceAmount"` // BT-146
	}
)

// UBL is the invoice in the XML of Peppol BIS Billing 3. A line is a record at one rate of VAT, of the
// record's own net amount, so that lines add up to the breakdown and that to the records. Invalid and
// Conflict tell what is missing of seller or buyer.
func UBL(v Invoice, zone *time.Location) ([]byte, error) {
	seller, err := sellerParty(v.Seller)
	if err != nil {
		return nil, err
	}
	buyer, err := buyerParty(v.Buyer)
	if err != nil {
		return nil, err
	}
	// The rules of EN 16931 let the VAT of a rate be this far from that of the sum.
	if one := minorUnits(v.Currency, 1); v.Apart().Cmp(one) >= 0 {
		return nil, gnista.Errorf(gnista.Conflict, "the records' own VAT is %s minor units from that of their sum, and rules BR-CO-17 and BR-S-09 allow less than %s: send this one as a PDF, or invoice more often",
			v.Apart().FloatString(1), one.FloatString(0))
	}
	credit := v.Kind == CreditNote
	sign := int64(1)
	doc := ublDocument{
		XMLName: xml.Name{Local: "Invoice"}, NS: ublInvoice, CAC: ublCommon + "AggregateComponents-2", CBC: ublCommon + "BasicComponents-2",
		Customization: ublCustomization, Profile: ublProfile, ID: fmt.Sprint(v.Number), IssueDate: v.Date, DueDate: v.Due, InvoiceType: "380",
		Currency: v.Currency, BuyerRef: v.Buyer.Reference, Supplier: seller, Customer: buyer,
	}
	if doc.BuyerRef == "" { // PEPPOL-EN16931-R003 wants one; who gave none is known by the account
		doc.BuyerRef = v.Account
	}
	if credit {
		sign = -1
		doc.XMLName.Local, doc.NS, doc.DueDate, doc.InvoiceType, doc.CreditType = "CreditNote", ublCreditNote, "", "", "381"
		doc.Note = v.Note // of an invoice it was written later
	}
	for _, n := range v.Refers {
		doc.Earlier = append(doc.Earlier, ublEarlier{fmt.Sprint(n)})
	}
	if v.Seller.Bankgiro != "" && !credit { // SE-R-007 to SE-R-012
		doc.Means = &ublMeans{"30", v.Reference, digits(v.Seller.Bankgiro), "SE:BANKGIRO"}
	}
	if !credit {
		doc.Terms = &ublTerms{"Due " + v.Due}
	}
	money := func(amount int64) ublAmount { return ublAmount{v.Currency, majorUnits(v.Currency, sign*amount)} }
	doc.Tax.Amount = money(v.Tax)
	for _, x := range v.VAT {
		doc.Tax.Rates = append(doc.Tax.Rates, ublRate{money(x.Net), money(x.VAT), category(x.Rate)})
	}
	doc.Sum = ublSum{money(v.Net), money(v.Net), money(v.Total), money(v.Total)}
	doc.lines(v, zone, money)
	text, err := xml.MarshalIndent(doc, "", "  ")
	return append([]byte(xml.Header), append(text, '\n')...), err
}

// lines are those of the records, one for each rate of VAT.
func (doc *ublDocument) lines(v Invoice, zone *time.Location, money func(int64) ublAmount) {
	credit := v.Kind == CreditNote
	for _, l := range v.Lines {
		for _, x := range l.VAT {
			net := money(x.Net)
			// A price is never below 0 (BR-27); what goes the other way has a quantity that is.
			quantity, price := "1", net
			if rest, negative := strings.CutPrefix(net.Value, "-"); negative {
				quantity, price.Value = "-1", rest
			}
			line := ublLine{
				Net: net, Price: price, Category: category(x.Rate), Name: "Charging of an electric vehicle",
				Period: ublPeriod{l.StartedAt.In(zone).Format(time.DateOnly), l.EndedAt.In(zone).Format(time.DateOnly)},
				Text:   fmt.Sprintf("Receipt %d, station %s, EVSE %d, %s kWh", l.Number, l.Station, l.EVSE, kWh(l.EnergyWh)),
			}
			if l.Reserved {
				line.Name, line.Text = "Reservation of a charging place", fmt.Sprintf("Receipt %d, station %s, EVSE %d", l.Number, l.Station, l.EVSE)
			}
			if l.Place != "" {
				line.Text += ", " + l.Place
			}
			q := &ublQuantity{"C62", quantity}
			if credit {
				line.ID, line.Credited = fmt.Sprint(len(doc.CreditLines)+1), q
				doc.CreditLines = append(doc.CreditLines, line)
			} else {
				line.ID, line.Invoiced = fmt.Sprint(len(doc.Lines)+1), q
				doc.Lines = append(doc.Lines, line)
			}
		}
	}
}

func kWh(wh int64) string {
	sign := ""
	if wh < 0 {
		sign, wh = "-", -wh
	}
	return fmt.Sprintf("%s%d.%03d", sign, wh/1000, wh%1000)
}

func category(rate tariff.Decimal) ublCategory {
	c := ublCategory{"S", string(rate), "VAT"}
	if rate.Rat().Sign() == 0 {
		c.ID = "Z"
	}
	if c.Percent == "" {
		c.Percent = "0"
	}
	return c
}

// minorUnits is an amount in major units in minor ones.
func minorUnits(currency string, amount int64) *big.Rat {
	n, err := tariff.Digits(currency)
	if err != nil {
		n = 2
	}
	return new(big.Rat).SetInt(new(big.Int).Mul(big.NewInt(amount), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil)))
}

// majorUnits is an amount as a decimal number in major units.
func majorUnits(currency string, amount int64) string {
	n, err := tariff.Digits(currency)
	if err != nil {
		n = 2
	}
	return new(big.Rat).Quo(big.NewRat(amount, 1), minorUnits(currency, 1)).FloatString(n)
}

// endpoint takes an electronic address apart, as in "0007:5560360793". Invalid.
func endpoint(s string) (scheme, id string, err error) {
	scheme, id, ok := strings.Cut(s, ":")
	switch {
	case !ok || len(scheme) != 4 || strings.Trim(scheme, "0123456789") != "" || id == "":
		return "", "", gnista.Invalidf("endpoint", "%q is not an electronic address, like 0007:5560360793", s)
	case scheme == "0007" && (len(id) != 10 || !checked(id)):
		return "", "", gnista.Invalidf("endpoint", "%q has no Swedish registration number: 10 digits, the last of them a check digit", s)
	case scheme == "0088" && (len(id) != 13 || !checkedGLN(id)):
		return "", "", gnista.Invalidf("endpoint", "%q has no GLN: 13 digits, the last of them a check digit", s)
	}
	return scheme, id, nil
}

// checkedGLN tells whether s is digits of which the last is the check digit of GS1.
func checkedGLN(s string) bool {
	sum := 0
	for i := range len(s) {
		d := int(s[len(s)-1-i] - '0')
		if d < 0 || d > 9 {
			return false
		}
		sum += d * (1 + 2*(i%2))
	}
	return sum%10 == 0
}

// addressOf takes an address that is written in one line apart, as in "Storgatan 1, 123 45 Staden".
func addressOf(line, country string) ublAddress {
	a := ublAddress{Street: strings.TrimSpace(line), Country: country}
	street, rest, ok := cutLast(line, ",")
	if !ok {
		return a
	}
	rest = strings.TrimSpace(rest)
	n := strings.IndexFunc(rest, func(r rune) bool { return (r < '0' || r > '9') && r != ' ' })
	if n <= 0 {
		return a
	}
	return ublAddress{strings.TrimSpace(street), strings.TrimSpace(rest[n:]), strings.TrimSpace(rest[:n]), country}
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

func sellerParty(s Seller) (p ublParty, err error) {
	if s.Name == "" || s.Country == "" {
		return p, gnista.Errorf(gnista.Conflict, "the seller has no name or country; set --seller-name and --seller-country")
	}
	at := s.Endpoint
	if at == "" && s.Country == "SE" && s.Number != "" {
		at = "0007:" + digits(s.Number)
	}
	if at == "" {
		return p, gnista.Errorf(gnista.Conflict, "the seller has no electronic address; set --seller-endpoint, or --seller-number of a Swedish one")
	}
	if s.VAT == "" { // BR-S-02
		return p, gnista.Errorf(gnista.Conflict, "the seller has no VAT number; set --seller-vat")
	}
	scheme, id, err := endpoint(at)
	if err != nil {
		return p, err
	}
	p = ublParty{
		Endpoint: ublID{scheme, id}, Name: s.Name, Address: addressOf(s.Address, s.Country), Tax: []ublScheme{{digits(s.VAT), "VAT"}}, Legal: ublLegal{Name: s.Name},
	}
	if s.FTax && s.Country == "SE" { // SE-R-005
		p.Tax = append(p.Tax, ublScheme{"Godkänd för F-skatt", "TAX"})
	}
	if s.Number != "" {
		p.Legal.ID = legal(s.Number, s.Country)
	}
	return p, nil
}

func legal(number, country string) *ublID {
	if n := digits(number); country == "SE" && len(n) == 10 && checked(n) {
		return &ublID{"0007", n}
	}
	return &ublID{"", number}
}

func buyerParty(b Buyer) (p ublParty, err error) {
	at := b.Endpoint
	country := b.Address.Country
	if country == "" {
		country = "SE"
		if len(b.VAT) > 2 {
			country = b.VAT[:2]
		}
	}
	if at == "" && country == "SE" && b.Kind == account.Company && b.Number != "" {
		at = "0007:" + digits(b.Number)
	}
	if at == "" {
		return p, gnista.Errorf(gnista.Conflict, "customer %q has no electronic address, so no invoice can be sent there; set its endpoint", b.Name)
	}
	scheme, id, err := endpoint(at)
	if err != nil {
		return p, err
	}
	p = ublParty{
		Endpoint: ublID{scheme, id}, Name: b.Name, Legal: ublLegal{Name: b.Name},
		Address: ublAddress{b.Address.Street, b.Address.City, b.Address.PostalCode, country},
	}
	if b.VAT != "" {
		p.Tax = []ublScheme{{digits(b.VAT), "VAT"}}
	}
	if b.Number != "" && b.Kind == account.Company {
		p.Legal.ID = legal(b.Number, country)
	}
	if b.Email != "" {
		p.Contact = &ublContact{b.Email}
	}
	return p, nil
}
