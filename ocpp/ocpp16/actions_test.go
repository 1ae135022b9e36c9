package ocpp16_test

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"gnista/ocpp/ocpp16"
	"gnista/ocpp/ocppj"
	"gnista/ocpp/schematest"
)

// messages are the requests and responses of all actions, by the name of their schema.
func messages() map[string]func() ocppj.Checked {
	all := map[string]func() ocppj.Checked{}
	for _, a := range ocpp16.Actions {
		all[a.ActionName()] = a.NewRequest
		all[a.ActionName()+"Response"] = a.NewResponse
	}
	return all
}

func TestActions(t *testing.T) {
	station := []string{
		"Authorize", "BootNotification", "DataTransfer", "DiagnosticsStatusNotification",
		"FirmwareStatusNotification", "Heartbeat", "LogStatusNotification", "MeterValues",
		"SecurityEventNotification", "SignCertificate", "SignedFirmwareStatusNotification",
		"StartTransaction", "StatusNotification", "StopTransaction",
	}
	if n := len(ocpp16.Actions); n != 39 {
		t.Errorf("%d actions, want 39", n)
	}
	seen := map[string]bool{}
	for _, a := range ocpp16.Actions {
		name := a.ActionName()
		if seen[name] {
			t.Errorf("%s is listed twice", name)
		}
		seen[name] = true
		if !a.In(ocppj.V16) {
			t.Errorf("%s is not in 1.6", name)
		}
		if a.SentBy(ocppj.Station) != slices.Contains(station, name) {
			t.Errorf("%s: sent by a station is %v", name, a.SentBy(ocppj.Station))
		}
		if a.SentBy(ocppj.Central) != (name == "DataTransfer" || !slices.Contains(station, name)) {
			t.Errorf("%s: sent by the central system is %v", name, a.SentBy(ocppj.Central))
		}
		for kind, m := range map[string]ocppj.Checked{"Request": a.NewRequest(), "Response": a.NewResponse()} {
			got := reflect.TypeOf(m).Elem().Name()
			if !strings.EqualFold(got, name+kind) {
				t.Errorf("the type of the %s of %s is %s", kind, name, got)
			}
			m.Check(&ocppj.Check{Version: ocppj.V16})
		}
	}
}

func TestRoundTrip(t *testing.T) {
	r := rand.New(rand.NewPCG(16, 1))
	for name, empty := range messages() {
		for range schematest.Times(50) {
			m := empty()
			fill(r, reflect.ValueOf(m).Elem())
			text, err := ocppj.Marshal(m)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			back := empty()
			found, bad := ocppj.Decode(text, back, ocppj.V16, ocppj.Strict)
			if bad != nil {
				t.Fatalf("%s: %v in %s", name, bad, text)
			}
			for _, v := range found {
				// The values of enumerations and URIs are not filled in rightly.
				if v.Code != ocppj.PropertyConstraintViolation {
					t.Errorf("%s: %v in %s", name, v, text)
				}
			}
			if !reflect.DeepEqual(m, back) {
				t.Errorf("%s:\nsent %+v\n got %+v", name, m, back)
			}
			again, err := ocppj.Marshal(back)
			if err != nil || string(again) != string(text) {
				t.Errorf("%s:\nsent %s\n got %s, %v", name, text, again, err)
			}
		}
	}
}

// fill gives v some value; optional parts are left out now and then.
func fill(r *rand.Rand, v reflect.Value) {
	switch v.Interface().(type) {
	case ocppj.DateTime:
		v.Set(reflect.ValueOf(ocppj.At(time.Unix(r.Int64N(4e9), 0))))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if strings.HasSuffix(v.Type().Field(i).Tag.Get("json"), ",omitempty") && r.IntN(3) == 0 {
				continue
			}
			fill(r, v.Field(i))
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(r, v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1+r.IntN(2), 3))
		for i := range v.Len() {
			fill(r, v.Index(i))
		}
	case reflect.String:
		words := []string{"Accepted", "L1-N", "a", "åäö", "<\"\\&>", "12.5"}
		v.SetString(words[r.IntN(len(words))])
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(r.Uint64()) >> r.IntN(64))
	case reflect.Float64:
		v.SetFloat(float64(r.IntN(1000)) / 10)
	case reflect.Bool:
		v.SetBool(r.IntN(2) == 0)
	default:
		panic("no such kind in a message: " + v.Kind().String())
	}
}

// Frames as stations send them.
func TestFrames(t *testing.T) {
	f := func(text string, want ocppj.Checked) {
		t.Helper()
		got := reflect.New(reflect.TypeOf(want).Elem()).Interface().(ocppj.Checked)
		found, err := ocppj.Decode([]byte(text), got, ocppj.V16, ocppj.Strict)
		if err != nil || len(found) > 0 {
			t.Errorf("%s: %v, %v", text, found, err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n got %+v\nwant %+v", text, got, want)
		}
		again, _ := ocppj.Marshal(want)
		if string(again) != text {
			t.Errorf("%s is written %s", text, again)
		}
		if own := ocppj.Judge(want, ocppj.V16); len(own) > 0 {
			t.Errorf("%s: %v", text, own)
		}
	}
	at := func(second int) ocppj.DateTime {
		return ocppj.At(time.Date(2026, 3, 1, 7, 30, second, 0, time.UTC))
	}
	now := at(0)

	f(`{"chargePointVendor":"Garo","chargePointModel":"LS4","chargePointSerialNumber":"1234567",`+
		`"firmwareVersion":"1.8.2","iccid":"89460000000000000000","imsi":"240010000000000"}`,
		&ocpp16.BootNotificationRequest{
			ChargePointVendor: "Garo", ChargePointModel: "LS4", ChargePointSerialNumber: "1234567",
			FirmwareVersion: "1.8.2", ICCID: "89460000000000000000", IMSI: "240010000000000",
		})
	f(`{"status":"Accepted","currentTime":"2026-03-01T07:30:00Z","interval":0}`,
		&ocpp16.BootNotificationResponse{Status: ocpp16.RegistrationStatusAccepted, CurrentTime: now})

	f(`{"connectorId":1,"idTag":"04E1F3A2","meterStart":0,"timestamp":"2026-03-01T07:30:00Z"}`,
		&ocpp16.StartTransactionRequest{ConnectorID: 1, IDTag: "04E1F3A2", Timestamp: now})
	f(`{"idTagInfo":{"status":"Accepted","expiryDate":"2026-03-01T07:30:00Z","parentIdTag":"family"},"transactionId":9223372036854775807}`,
		&ocpp16.StartTransactionResponse{
			IDTagInfo:     ocpp16.IDTagInfo{Status: ocpp16.AuthorizationStatusAccepted, ExpiryDate: &now, ParentIDTag: "family"},
			TransactionID: 1<<63 - 1,
		})
	f(`{"transactionId":-1,"meterStop":1204,"timestamp":"2026-03-01T07:30:00Z","reason":"EVDisconnected",`+
		`"transactionData":[{"timestamp":"2026-03-01T07:30:00Z","sampledValue":[{"value":"1204","context":"Transaction.End","unit":"Wh"}]}]}`,
		&ocpp16.StopTransactionRequest{
			TransactionID: -1, MeterStop: 1204, Timestamp: now, Reason: ocpp16.ReasonEVDisconnected,
			TransactionData: []ocpp16.MeterValue{{Timestamp: now, SampledValue: []ocpp16.SampledValue{
				{Value: "1204", Context: ocpp16.ReadingContextTransactionEnd, Unit: ocpp16.UnitOfMeasureWh},
			}}},
		})
	f(`{}`, &ocpp16.StopTransactionResponse{})

	current := func(value ocpp16.Value, p ocpp16.Phase) ocpp16.SampledValue {
		return ocpp16.SampledValue{
			Value: value, Context: ocpp16.ReadingContextSamplePeriodic, Measurand: ocpp16.MeasurandCurrentImport,
			Phase: p, Location: ocpp16.LocationOutlet, Unit: ocpp16.UnitOfMeasureA,
		}
	}
	seven := int64(7)
	f(`{"connectorId":1,"transactionId":7,"meterValue":[{"timestamp":"2026-03-01T07:30:00Z","sampledValue":[`+
		`{"value":"16.02","context":"Sample.Periodic","measurand":"Current.Import","phase":"L1","location":"Outlet","unit":"A"},`+
		`{"value":"15.98","context":"Sample.Periodic","measurand":"Current.Import","phase":"L2","location":"Outlet","unit":"A"},`+
		`{"value":"0.0","context":"Sample.Periodic","measurand":"Current.Import","phase":"L3","location":"Outlet","unit":"A"}]},`+
		`{"timestamp":"2026-03-01T07:30:15Z","sampledValue":[{"value":"10512"}]}]}`,
		&ocpp16.MeterValuesRequest{ConnectorID: 1, TransactionID: &seven, MeterValue: []ocpp16.MeterValue{
			{Timestamp: now, SampledValue: []ocpp16.SampledValue{
				current("16.02", ocpp16.PhaseL1), current("15.98", ocpp16.PhaseL2), current("0.0", ocpp16.PhaseL3),
			}},
			{Timestamp: at(15), SampledValue: []ocpp16.SampledValue{{Value: "10512"}}},
		}})

	f(`{"connectorId":0,"errorCode":"NoError","status":"Available","timestamp":"2026-03-01T07:30:00Z","vendorId":"com.example"}`,
		&ocpp16.StatusNotificationRequest{
			ErrorCode: ocpp16.ChargePointErrorCodeNoError, Status: ocpp16.ChargePointStatusAvailable,
			Timestamp: &now, VendorID: "com.example",
		})
	f(`{"configurationKey":[{"key":"HeartbeatInterval","readonly":false,"value":"300"}],"unknownKey":["X"]}`,
		&ocpp16.GetConfigurationResponse{
			ConfigurationKey: []ocpp16.KeyValue{{Key: "HeartbeatInterval", Value: "300"}},
			UnknownKey:       []string{"X"},
		})
	day := 86400
	f(`{"connectorId":1,"csChargingProfiles":{"chargingProfileId":5,"stackLevel":0,"chargingProfilePurpose":"TxDefaultProfile",`+
		`"chargingProfileKind":"Recurring","recurrencyKind":"Daily","chargingSchedule":{"duration":86400,`+
		`"startSchedule":"2026-03-01T07:30:00Z","chargingRateUnit":"A","chargingSchedulePeriod":[`+
		`{"startPeriod":0,"limit":16.1},{"startPeriod":3600,"limit":0}]}}}`,
		&ocpp16.SetChargingProfileRequest{ConnectorID: 1, CSChargingProfiles: ocpp16.ChargingProfile{
			ChargingProfileID:      5,
			ChargingProfilePurpose: ocpp16.ChargingProfilePurposeTypeTxDefaultProfile,
			ChargingProfileKind:    ocpp16.ChargingProfileKindTypeRecurring,
			RecurrencyKind:         ocpp16.RecurrencyKindTypeDaily,
			ChargingSchedule: ocpp16.ChargingSchedule{
				Duration: &day, StartSchedule: &now, ChargingRateUnit: ocpp16.ChargingRateUnitTypeA,
				ChargingSchedulePeriod: []ocpp16.ChargingSchedulePeriod{{Limit: 16.1}, {StartPeriod: 3600}},
			},
		}})
}

// What stations get wrong is understood in Tolerant mode.
func TestOddFrames(t *testing.T) {
	f := func(value string, want ocpp16.Value, violations int) {
		t.Helper()
		text := `{"connectorId":1,"meterValue":[{"timestamp":"2026-03-01T07:30:00Z","sampledValue":[{"value" : ` + value + ` }]}]}`
		for _, mode := range []ocppj.Mode{ocppj.Tolerant, ocppj.Strict} {
			var m ocpp16.MeterValuesRequest
			found, err := ocppj.Decode([]byte(text), &m, ocppj.V16, mode)
			if err != nil {
				t.Fatal(err)
			}
			if got := m.MeterValue[0].SampledValue[0].Value; got != want {
				t.Errorf("%s is read as %q", value, got)
			}
			if mode == ocppj.Strict && len(found) != violations {
				t.Errorf("%s: %v", value, found)
			}
			for _, v := range found {
				if v.Path != "meterValue[0].sampledValue[0].value" && v.Path != "meterValue.sampledValue.value" {
					t.Errorf("%s: %v", value, v)
				}
			}
		}
	}
	f(`"0.0"`, "0.0", 0)
	f(`" 0.0"`, "0.0", 0)
	f(`"\t12 \n"`, "12", 0)
	f(`"\u0031.5"`, "1.5", 0)
	f(`""`, "", 0)
	f(`"  "`, "", 0)
	f(`12.50`, "12.50", 1)
	f(`-1e3`, "-1e3", 1)
	f(`null`, "", 2) // missing, and null
	f(`true`, "", 1)
	f(`{}`, "", 1)
	f(`[1]`, "", 1)
}

func TestViolations(t *testing.T) {
	f := func(text string, m ocppj.Checked, want ...string) {
		t.Helper()
		found, err := ocppj.Decode([]byte(text), m, ocppj.V16, ocppj.Tolerant)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, v := range found {
			got = append(got, v.Path)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v", text, found)
		}
	}
	f(`{}`, &ocpp16.StartTransactionRequest{}, "connectorId", "idTag", "meterStart", "timestamp")
	f(`{"transactionId":1}`, &ocpp16.StartTransactionResponse{}, "idTagInfo")
	f(`{"idTagInfo":{"status":"OK","parentIdTag":"012345678901234567890"}}`, &ocpp16.AuthorizeResponse{},
		"idTagInfo.status", "idTagInfo.parentIdTag")
	f(`{"key":["a","`+strings.Repeat("b", 51)+`"]}`, &ocpp16.GetConfigurationRequest{}, "key[1]")
	f(`{"status":"Accepted","certificateHashData":[]}`, &ocpp16.GetInstalledCertificateIDsResponse{}, "certificateHashData")
	f(`{"status":"Accepted","chargingSchedule":{"chargingRateUnit":"A","minChargingRate":0.05,"chargingSchedulePeriod":[{"startPeriod":0,"limit":6.25}]}}`,
		&ocpp16.GetCompositeScheduleResponse{}, "chargingSchedule.chargingSchedulePeriod[0].limit", "chargingSchedule.minChargingRate")
	f(`{"retrieveDate":"2026-03-01T07:30:00Z"}`, &ocpp16.UpdateFirmwareRequest{}, "location")
	f(`{"location":"firmware.bin","retrieveDate":"2026-03-01 07:30:00"}`, &ocpp16.UpdateFirmwareRequest{}, "location", "retrieveDate")
	f(`{"connectorId":1,"meterValue":[{"timestamp":"2026-03-01T07:30:00Z","sampledValue":[{"value":"1","unit":"Celcius"},{"value":"50","measurand":"Frequency","unit":"Hertz"}]}]}`,
		&ocpp16.MeterValuesRequest{}, "meterValue[0].sampledValue[1].unit")
}
