package v16

import (
	"context"
	"encoding/json"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"

	"gnista"
	"gnista/cost"
	"gnista/gateway"
	"gnista/ocpp/ocpp16"
	"gnista/ocpp/ocppj"
	"gnista/station"
	"gnista/tariff"
)

// What the Open Charge Alliance has added for prices and costs: OCPP & California Pricing Requirements.
const (
	costVendor    = "org.openchargealliance.costmsg"
	setUserPrice  = "SetUserPrice"
	runningCost   = "RunningCost"
	finalCost     = "FinalCost"
	unpluggedNote = "ConnectorUnplugged"
)

// priceText is a text in another language.
type priceText struct {
	Format   string `json:"format"`
	Language string `json:"language"`
	Content  string `json:"content"`
}

// chargingPrice and idlePrice are what things cost, VAT included.
type chargingPrice struct {
	KWhPrice  *float64 `json:"kWhPrice,omitempty"`
	HourPrice *float64 `json:"hourPrice,omitempty"`
	FlatFee   *float64 `json:"flatFee,omitempty"`
}

type idlePrice struct {
	GraceMinutes int      `json:"graceMinutes,omitempty"`
	HourPrice    *float64 `json:"hourPrice,omitempty"`
}

type nextPeriod struct {
	AtTime        ocppj.DateTime `json:"atTime"`
	ChargingPrice chargingPrice  `json:"chargingPrice"`
	IdlePrice     *idlePrice     `json:"idlePrice,omitempty"`
}

type triggerMeterValue struct {
	AtTime     *ocppj.DateTime            `json:"atTime,omitempty"`
	AtCPStatus []ocpp16.ChargePointStatus `json:"atCPStatus,omitempty"`
}

// transfer sends a message of the addition.
func transfer(ctx context.Context, s *gateway.Session, name string, data any) (station.Answer, error) {
	text, err := json.Marshal(data)
	if err != nil {
		return station.Answer{}, err
	}
	return sendData(ctx, s, station.SendData{Vendor: costVendor, Message: name, Data: string(text)})
}

func extra(list []cost.Text) (out []priceText) {
	for _, t := range list[min(1, len(list)):] {
		out = append(out, priceText{"UTF8", t.Language, t.Content})
	}
	return out
}

func first(list []cost.Text) string {
	if len(list) == 0 {
		return ""
	}
	return list[0].Content
}

func tellPrice(ctx context.Context, s *gateway.Session, o cost.TellPrice) (station.Answer, error) {
	return transfer(ctx, s, setUserPrice, struct {
		IDToken        string      `json:"idToken"`
		PriceText      string      `json:"priceText"`
		PriceTextExtra []priceText `json:"priceTextExtra,omitempty"`
	}{o.Token.UID, first(o.Texts), extra(o.Texts)})
}

// tellRunning asks for a meter reading where the price changes, so that energy is where it belongs.
func tellRunning(ctx context.Context, s *gateway.Session, o cost.TellRunning) (station.Answer, error) {
	number, err := strconv.ParseInt(o.Ref, 10, 64)
	if err != nil {
		return station.Answer{}, gnista.Errorf(gnista.Unsupported, "the station has no number for the transaction %s", o.Ref)
	}
	type message struct {
		TransactionID     int64              `json:"transactionId"`
		Timestamp         ocppj.DateTime     `json:"timestamp"`
		MeterValue        int64              `json:"meterValue"`
		Cost              float64            `json:"cost"`
		State             string             `json:"state"`
		ChargingPrice     chargingPrice      `json:"chargingPrice"`
		IdlePrice         *idlePrice         `json:"idlePrice,omitempty"`
		NextPeriod        *nextPeriod        `json:"nextPeriod,omitempty"`
		TriggerMeterValue *triggerMeterValue `json:"triggerMeterValue,omitempty"`
	}
	m := message{TransactionID: number, Timestamp: ocppj.At(o.At), MeterValue: o.MeterWh, State: "Charging"}
	if m.Cost, err = major(o.Cost); err != nil {
		return station.Answer{}, err
	}
	if o.Idle {
		m.State = "Idle"
	}
	m.ChargingPrice, m.IdlePrice = prices(o.Price, o.Decimals)
	var trigger triggerMeterValue
	if o.Next != nil {
		at := ocppj.At(o.Next.At)
		m.NextPeriod, trigger.AtTime = &nextPeriod{AtTime: at}, &at
		m.NextPeriod.ChargingPrice, m.NextPeriod.IdlePrice = prices(o.Next.Price, o.Decimals)
	}
	if m.IdlePrice != nil || m.ChargingPrice.HourPrice != nil {
		trigger.AtCPStatus = []ocpp16.ChargePointStatus{ocpp16.ChargePointStatusCharging, ocpp16.ChargePointStatusSuspendedEV, ocpp16.ChargePointStatusSuspendedEVSE}
	}
	if trigger.AtTime != nil || trigger.AtCPStatus != nil {
		m.TriggerMeterValue = &trigger
	}
	return transfer(ctx, s, runningCost, m)
}

func tellFinal(ctx context.Context, s *gateway.Session, o cost.TellFinal) (station.Answer, error) {
	number, err := strconv.ParseInt(o.Ref, 10, 64)
	if err != nil {
		return station.Answer{}, gnista.Errorf(gnista.Unsupported, "the station has no number for the transaction %s", o.Ref)
	}
	total, err := major(o.Cost)
	if err != nil {
		return station.Answer{}, err
	}
	return transfer(ctx, s, finalCost, struct {
		TransactionID  int64       `json:"transactionId"`
		Cost           float64     `json:"cost"`
		PriceText      string      `json:"priceText"`
		PriceTextExtra []priceText `json:"priceTextExtra,omitempty"`
		QRCodeText     string      `json:"qrCodeText,omitempty"`
	}{number, total, first(o.Texts), extra(o.Texts), o.Receipt})
}

// wordDefault writes the default price into the keys for it; that of each language has the language behind
// a comma in its name.
func wordDefault(_ context.Context, _ *gateway.Session, o cost.WordDefault) (list []station.Setting, _ error) {
	charging, _ := prices(o.Price, maxDecimals)
	for i, t := range o.Texts {
		if i == 0 {
			list = append(list, station.Setting{Name: o.Setting, Value: defaultPrice(t.Content, &charging)})
		}
		if o.Several {
			list = append(list, station.Setting{Name: o.Setting + "Text," + t.Language, Value: defaultPrice(t.Content, nil)})
		}
	}
	return list, nil
}

// maxValue is the longest value of a key. (OCPP 1.6 §5.3)
const maxValue = 500

// defaultPrice is the value of a key for the default price, which is the same for a station that is
// offline, as far as there is room.
func defaultPrice(text string, p *chargingPrice) string {
	v := struct {
		PriceText        string         `json:"priceText"`
		PriceTextOffline string         `json:"priceTextOffline,omitempty"`
		ChargingPrice    *chargingPrice `json:"chargingPrice,omitempty"`
	}{text, text, p}
	for {
		out, err := json.Marshal(v)
		switch {
		case err != nil:
			return ""
		case len(out) <= maxValue:
			return string(out)
		case v.PriceTextOffline != "":
			v.PriceTextOffline = ""
		default:
			r := []rune(strings.TrimSuffix(v.PriceText, "…"))
			v.PriceText = string(r[:len(r)*9/10]) + "…"
		}
	}
}

// maxDecimals are those of prices where nothing else is said.
const maxDecimals = 4

// prices are those of a moment on the wire.
func prices(p cost.Price, decimals int) (chargingPrice, *idlePrice) {
	number := func(r *big.Rat) *float64 {
		if r == nil {
			return nil
		}
		f, err := strconv.ParseFloat(r.FloatString(decimals), 64)
		if err != nil {
			return nil
		}
		return &f
	}
	c := chargingPrice{number(p.KWh), number(p.Hour), number(p.Start)}
	if p.Idle == nil {
		return c, nil
	}
	return c, &idlePrice{int(p.Grace / time.Minute), number(p.Idle)}
}

// major is money in major units.
func major(m gnista.Money) (float64, error) {
	digits, err := tariff.Digits(m.Currency)
	return float64(m.Amount) / math.Pow10(digits), err
}

// unplugged takes in that the car of a transaction has left. What it stood there for since the end of the
// transaction costs nothing.
func (a *Adapter) unplugged(ctx context.Context, s *gateway.Session, text string) (ocpp16.DataTransferStatus, error) {
	var m struct {
		TransactionID int64          `json:"transactionId"`
		Timestamp     ocppj.DateTime `json:"timestamp"`
	}
	if json.Unmarshal([]byte(text), &m) != nil || m.TransactionID == 0 {
		return ocpp16.DataTransferStatusRejected, nil
	}
	err := a.Transactions.Unplugged(ctx, s.Station, strconv.FormatInt(m.TransactionID, 10), m.Timestamp.Time)
	if gnista.CodeOf(err) == gnista.NotFound && err != nil {
		return ocpp16.DataTransferStatusRejected, nil
	}
	return ocpp16.DataTransferStatusAccepted, err
}

// addition answers a message of the addition; ok tells whether it is one.
func (a *Adapter) addition(ctx context.Context, s *gateway.Session, req ocpp16.DataTransferRequest) (status ocpp16.DataTransferStatus, ok bool, err error) {
	switch {
	case !strings.EqualFold(req.VendorID, costVendor):
		return "", false, nil
	case req.MessageID != unpluggedNote:
		return ocpp16.DataTransferStatusUnknownMessageID, true, nil
	}
	status, err = a.unplugged(ctx, s, req.Data)
	return status, true, err
}
