package v16

import (
	"encoding/json"
	"strconv"
	"strings"

	"gnista/ocpp/ocpp16"
	"gnista/ocpp/ocppj"
	"gnista/station"
)

// vendorStatuses are what a vendor's own message says is wrong with connectors, where it is one of which that can
// be told: that of EVBox, or an object or a list of objects with an error code (quirk Q32).
func vendorStatuses(req ocpp16.DataTransferRequest) ([]station.VendorStatus, bool) {
	name := strings.ToLower(req.MessageID)
	if name == "evbstatusnotification" {
		if v, ok := evboxStatus(req.VendorID, req.Data); ok {
			return []station.VendorStatus{v}, true
		}
	}
	for _, word := range []string{"status", "error", "fault", "alarm"} {
		if strings.Contains(name, word) {
			return objectStatuses(req.VendorID, req.Data)
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
	return vendorStatus(vendor, connector, items[1], items[2], "", items[3]), true
}

// vendorStatus is a status in the domain's words. A connector that is faulted has a code in any case.
func vendorStatus(vendor string, connector int, status, code, vendorCode, info string) station.VendorStatus {
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
	return station.VendorStatus{EVSE: evse(connector), Status: status, ErrorCode: code, VendorID: vendor, VendorCode: vendorCode, Info: info}
}

// objectStatuses reads objects that have an error code and say of which connector.
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
		connector := 0
		if text, ok := word(o, "connectorid", "connector"); ok {
			var err error
			if connector, err = strconv.Atoi(text); err != nil {
				return nil, false
			}
		}
		status, _ := word(o, "status")
		info, _ := word(o, "info", "message", "description")
		list = append(list, vendorStatus(vendor, connector, status, code, vendorCode, info))
	}
	return list, len(list) > 0
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
