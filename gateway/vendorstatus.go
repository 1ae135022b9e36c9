package gateway

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"

	"gnista"
	"gnista/ocpp/ocpp16"
	"gnista/ocpp/ocppj"
	"gnista/station"
)

// VendorStatus takes in what a vendor's own message says is wrong with parts of the station. It tells whether that
// can be understood. (OCPP 1.6 §4.3, OCPP 2.x P02)
func (x *Session) VendorStatus(ctx context.Context, vendor, message, data string) (bool, error) {
	if strings.Contains(strings.ToLower(message), "statusnotification") {
		x.Saw("Q32", "DataTransfer %q of the vendor %q", message, vendor)
	}
	list, ok := vendorStatuses(vendor, message, data)
	for _, v := range list {
		if err := x.server.Network.ReportVendorStatus(ctx, x.Station, v); err != nil {
			return ok, err
		}
	}
	return ok, nil
}

// vendorStatuses are what a vendor's own message says is wrong, where it is one of which that can be told: that of
// EVBox, or an object or a list of objects with an error code (quirk Q32).
func vendorStatuses(vendor, message, data string) ([]station.VendorStatus, bool) {
	name := strings.ToLower(message)
	if name == "evbstatusnotification" {
		if v, ok := evboxStatus(vendor, data); ok {
			return []station.VendorStatus{v}, true
		}
	}
	for _, word := range []string{"status", "error", "fault", "alarm"} {
		if strings.Contains(name, word) {
			return objectStatuses(vendor, data)
		}
	}
	return nil, false
}

// maxVendorStatuses is the most connectors that one message may tell of.
const maxVendorStatuses = 50

// evboxStatus reads a list with commas: connector, status, error code, info, whether a session goes on, and much that
// is no fault. What is in braces is one item.
func evboxStatus(vendor, data string) (v station.VendorStatus, ok bool) {
	items, depth, begun := []string{}, 0, 0
	for i, r := range data {
		switch {
		case r == '{':
			depth++
		case r == '}':
			depth--
		case r == ',' && depth == 0:
			items, begun = append(items, strings.TrimSpace(data[begun:i])), i+1
		}
		if len(items) == 5 {
			break
		}
	}
	if len(items) < 5 {
		return v, false
	}
	connector, err := strconv.Atoi(items[0])
	if err != nil {
		return v, false
	}
	return vendorStatus(vendor, outletOf(0, connector), items[1], items[2], "", items[3]), true
}

// outletOf is the part of a station that numbers of a message stand for. A connector without an EVSE is as one of
// OCPP 1.6.
func outletOf(evse, connector int) gnista.EVSE {
	if evse == 0 && connector > 0 {
		return gnista.EVSE{ID: connector, Connector: 1}
	}
	return gnista.EVSE{ID: evse, Connector: connector}
}

// vendorStatus is a status in the domain's words. A connector that is faulted has a code in any case.
func vendorStatus(vendor string, at gnista.EVSE, status, code, vendorCode, info string) station.VendorStatus {
	if strings.EqualFold(code, string(ocpp16.ChargePointErrorCodeNoError)) {
		code = ""
	}
	if code != "" && !ocpp16.ChargePointErrorCode(code).Valid(ocppj.V16) && vendorCode == "" { // it is not one of OCPP
		code, vendorCode = "", code
	}
	if strings.HasPrefix(strings.ToLower(strings.TrimRight(vendorCode, ". ")), "no error") {
		vendorCode = ""
	}
	if code == "" && vendorCode == "" && strings.EqualFold(status, string(ocpp16.ChargePointStatusFaulted)) {
		code = string(ocpp16.ChargePointErrorCodeOtherError)
	}
	return station.VendorStatus{EVSE: at, Status: status, ErrorCode: code, VendorID: vendor, VendorCode: vendorCode, Info: info}
}

// objectStatuses reads objects that have an error code and say of which EVSE or connector; the station is 0.
func objectStatuses(vendor, data string) (list []station.VendorStatus, ok bool) {
	var objects []map[string]any
	var one map[string]any
	if json.Unmarshal([]byte(data), &one) == nil {
		objects = append(objects, one)
	} else if json.Unmarshal([]byte(data), &objects) != nil || len(objects) > maxVendorStatuses {
		return nil, false
	}
	for _, o := range objects {
		o = smallKeys(o)
		code, coded := word(o, "errorcode", "faultcode", "alarmcode")
		vendorCode, vendored := word(o, "vendorerrorcode")
		if !coded && !vendored {
			return nil, false
		}
		evse, isEVSE := numberOf(o, "evseid", "evse")
		connector, isConnector := numberOf(o, "connectorid", "connector")
		if !isEVSE || !isConnector {
			return nil, false
		}
		status, _ := word(o, "status")
		info, _ := word(o, "info", "message", "description")
		list = append(list, vendorStatus(vendor, outletOf(evse, connector), status, code, vendorCode, info))
	}
	return list, len(list) > 0
}

// numberOf is the whole number of the first of the keys that there is, or else 0. It is false where what is there is
// none.
func numberOf(o map[string]any, keys ...string) (int, bool) {
	text, ok := word(o, keys...)
	if !ok {
		return 0, true
	}
	n, err := strconv.Atoi(text)
	return n, err == nil
}

func smallKeys(o map[string]any) map[string]any {
	out := make(map[string]any, len(o))
	for k, v := range o {
		out[strings.ToLower(k)] = v
	}
	return out
}

// word is the text or number of the first of the keys that there is.
func word(o map[string]any, keys ...string) (string, bool) {
	for _, k := range keys {
		switch v := o[k].(type) {
		case string:
			return v, true
		case float64:
			return strconv.FormatFloat(v, 'f', -1, 64), true
		}
	}
	return "", false
}
